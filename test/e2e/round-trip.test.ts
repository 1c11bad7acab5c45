import {
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  randomStore,
  smallStore,
  type Installation,
} from '../helpers/installation.js';
import {
  buildTree,
  compareTrees,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  hasTool,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

const leftOut = {
  ignore: (path: string): boolean =>
    /(^|\/)search\.fld$|^backups\/|^\.kms-backup/.test(path),
};

describe('recover(backup(store)) is the store', () => {
  let dir = '';
  beforeAll(() => {
    dir = temporaryDirectory('round');
  });
  afterEach(() => {
    for (const name of readdirSync(dir)) removeTemporary(join(dir, name));
  });
  afterAll(() => {
    removeTemporary(dir);
  });

  /** The server of a store literal, and a second directory with the same store to compare with. */
  const twice = (
    store: Tree,
    options: object = {},
  ): { server: Installation; expected: string } => {
    const server = buildInstallation(join(dir, 'server'), {
      store,
      ...options,
    });
    const expected = join(dir, 'expected');
    buildTree(expected, store);
    return { server, expected };
  };

  const loseAndRecover = async (
    server: Installation,
    ...flags: string[]
  ): Promise<void> => {
    rmSync(server.storeDir, { recursive: true });
    await recover(server, ...flags);
  };

  const recover = async (
    server: Installation,
    ...flags: string[]
  ): Promise<void> => {
    expectDone(
      await kmsInProcess([
        'recover',
        server.backupDir,
        '--server-dir',
        server.serverDir,
        '--yes',
        ...flags,
      ]),
    );
  };

  const backUp = async (
    server: Installation,
    ...flags: string[]
  ): Promise<void> => {
    const ended = await kmsInProcess([
      'backup',
      'full',
      '--server-dir',
      server.serverDir,
      ...flags,
    ]);
    expectDone(ended);
  };

  for (const seed of [1, 2, 3, 4]) {
    it(`for the generated store ${seed}: bytes, names, empty directories, times, modes`, async () => {
      const { server, expected } = twice(
        randomStore(seed, { files: 300, maxBytes: 40_000 }),
      );
      await backUp(server);
      await loseAndRecover(server);
      expect(compareTrees(expected, server.storeDir, leftOut)).toEqual([]);
    });
  }

  it('in volumes so small that every few messages begin another', async () => {
    const { server, expected } = twice(
      randomStore(5, { files: 200, maxBytes: 9000 }),
    );
    await backUp(server, '--volume-size', '100KB');
    const volumes = readdirSync(server.backupDir).filter((name) =>
      name.endsWith('.zip'),
    );
    expect(volumes.length).toBeGreaterThan(3);
    for (const name of volumes) {
      expect(statSync(join(server.backupDir, name)).size).toBeLessThanOrEqual(
        100_000,
      );
    }

    expect(
      (
        await kmsInProcess([
          'verify',
          server.backupDir,
          '--server-dir',
          server.serverDir,
        ])
      ).status,
    ).toBe(0);
    await loseAndRecover(server);
    expect(compareTrees(expected, server.storeDir, leftOut)).toEqual([]);
  });

  it('with one thread and with four, at every level', async () => {
    const { server, expected } = twice(
      randomStore(6, { files: 60, maxBytes: 200_000 }),
    );
    for (const [threads, level] of [
      ['1', '1'],
      ['4', '9'],
      ['2', '6'],
    ] as const) {
      await backUp(server, '--threads', threads, '--level', level);
      await loseAndRecover(server);
      expect(compareTrees(expected, server.storeDir, leftOut)).toEqual([]);
    }
  });

  it('for the configuration, certificates and licence too', async () => {
    const beside: Tree = {
      sslcert: {
        'server.crt': { content: 'certificate', mode: 0o644 },
        'server.key': { content: 'key', mode: 0o600 },
      },
      sslca: { 'ca.crt': 'authority' },
      license: { 'license.key': 'licence' },
      settings: { 'webmail.cfg': 'theme = x\n' },
    };
    const { server } = twice(smallStore(), { beside });
    const expected = join(dir, 'beside');
    buildTree(expected, beside, 1_500_000_000.5);
    const config = join(server.serverDir, 'mailserver.cfg');
    await backUp(server);
    for (const name of Object.keys(beside)) {
      rmSync(join(server.serverDir, name), { recursive: true });
    }

    rmSync(join(server.serverDir, 'users.cfg'));
    await loseAndRecover(server);
    const recovered = {
      ...leftOut,
      ignore: (path: string): boolean =>
        /^(store|backups)\/|\.cfg$|^\./.test(path) &&
        !path.startsWith('settings'),
    };
    expect(compareTrees(expected, server.serverDir, recovered)).toEqual([]);
    expect(statSync(join(server.serverDir, 'users.cfg')).size).toBeGreaterThan(
      0,
    );
    expect(statSync(config).size).toBeGreaterThan(0);
  });

  it('without what a recover keeps for its rollback, wherever it lies', async () => {
    const { server, expected } = twice(smallStore());
    const kept: Tree = {
      old: {
        alice: { INBOX: { '#msgs': { '00000009.eml': 'as it was before' } } },
      },
    };
    buildTree(
      join(server.storeDir, 'mail/example.com/.kms-backup-recover'),
      kept,
    );
    await backUp(server);
    await loseAndRecover(server);
    expect(
      compareTrees(expected, server.storeDir, {
        ...leftOut,
        directoryTimes: false,
      }),
    ).toEqual([]);
  });

  it('leaves out links, pipes and sockets, names each of them and follows none', async () => {
    const { server, expected } = twice(smallStore());
    const outside = join(dir, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret.txt'), 'not mail');
    const alice = join(server.storeDir, 'mail/example.com/alice');
    symlinkSync(outside, join(alice, 'linked folder'));
    symlinkSync(join(outside, 'secret.txt'), join(alice, 'linked.eml'));
    runTool('mkfifo', [join(alice, 'pipe')]);
    const listener = createServer().listen(join(alice, 'socket'));
    await new Promise((resolve) => listener.once('listening', resolve));
    const { status, stdout, stderr } = await kmsInProcess([
      'backup',
      'full',
      '--server-dir',
      server.serverDir,
    ]);
    await new Promise((resolve) => listener.close(resolve));
    expect(status).toBe(3);
    for (const name of ['linked folder', 'linked.eml', 'pipe', 'socket']) {
      expect(stdout + stderr).toContain(name);
    }

    await loseAndRecover(server);
    expect(
      compareTrees(expected, server.storeDir, {
        ...leftOut,
        directoryTimes: false,
      }),
    ).toEqual([]);
  });

  it('never takes the backup directory into the backup, by whatever path it is reached', async () => {
    const { server } = twice(smallStore());
    const inside = join(server.storeDir, 'mail', 'my backups');
    mkdirSync(inside);
    symlinkSync(inside, join(dir, 'link to backups'));
    for (const backupDir of [
      inside,
      join(dir, 'link to backups'),
      join(inside, '..', 'my backups'),
    ]) {
      expect(
        (
          await kmsInProcess([
            'backup',
            'full',
            '--server-dir',
            server.serverDir,
            '--backup-dir',
            backupDir,
          ])
        ).status,
      ).toBe(0);
    }

    for (const name of readdirSync(inside).filter((file) =>
      file.endsWith('.zip'),
    )) {
      expect(runTool('unzip', ['-Z1', join(inside, name)]).stdout).not.toMatch(
        /my backups\/.*zip/,
      );
    }
  });

  it.skipIf(!hasTool('setpriv'))(
    'reports an unreadable file and backs up the rest',
    async () => {
      const { server } = twice(smallStore());
      const closed = join(
        server.storeDir,
        'mail/example.com/alice/INBOX/#msgs/00000001.eml',
      );
      runTool('chmod', ['000', closed]);
      const command = [
        '--bounding-set',
        '-dac_override,-dac_read_search',
        '--inh-caps',
        '-all',
        process.execPath,
        BINARY,
      ];
      const ended = runTool(
        'setpriv',
        [...command, 'backup', 'full', '--server-dir', server.serverDir],
        {
          env: QUIET_ENVIRONMENT,
        },
      );
      expect(ended.status).toBe(3);
      expect(ended.stdout + ended.stderr).toContain('00000001.eml');
      await loseAndRecover(server);
      const names = readdirSync(
        join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs'),
      );
      expect(names).toEqual(['00000002.eml']);
    },
  );
});

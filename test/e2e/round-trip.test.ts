import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  buildInstallation,
  message,
  randomStore,
  smallStore,
  type Installation,
} from '../helpers/installation.js';
import { Random } from '../helpers/random.js';
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
  kms,
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

  const loseAndRecover = (server: Installation, ...flags: string[]): void => {
    rmSync(server.storeDir, { recursive: true });
    recover(server, ...flags);
  };

  const recover = (server: Installation, ...flags: string[]): void => {
    expectDone(
      kms([
        'recover',
        server.backupDir,
        '--server-dir',
        server.serverDir,
        '--yes',
        ...flags,
      ]),
    );
  };

  const backUp = (server: Installation, ...flags: string[]): void => {
    const ended = kms([
      'backup',
      'full',
      '--server-dir',
      server.serverDir,
      ...flags,
    ]);
    expectDone(ended);
  };

  for (const seed of [1, 2, 3, 4]) {
    it(`for the generated store ${seed}: bytes, names, empty directories, times, modes`, () => {
      const { server, expected } = twice(
        randomStore(seed, { files: 300, maxBytes: 40_000 }),
      );
      backUp(server);
      loseAndRecover(server);
      expect(compareTrees(expected, server.storeDir, leftOut)).toEqual([]);
    });
  }

  it('in volumes so small that every few messages begin another', () => {
    const { server, expected } = twice(
      randomStore(5, { files: 200, maxBytes: 9000 }),
    );
    backUp(server, '--volume-size', '100KB');
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
      kms(['verify', server.backupDir, '--server-dir', server.serverDir])
        .status,
    ).toBe(0);
    loseAndRecover(server);
    expect(compareTrees(expected, server.storeDir, leftOut)).toEqual([]);
  });

  it('with one thread and with four, at every level', () => {
    const { server, expected } = twice(
      randomStore(6, { files: 60, maxBytes: 200_000 }),
    );
    for (const [threads, level] of [
      ['1', '1'],
      ['4', '9'],
      ['2', '6'],
    ] as const) {
      backUp(server, '--threads', threads, '--level', level);
      loseAndRecover(server);
      expect(compareTrees(expected, server.storeDir, leftOut)).toEqual([]);
    }
  });

  it('for the configuration, certificates and licence too', () => {
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
    backUp(server);
    for (const name of Object.keys(beside)) {
      rmSync(join(server.serverDir, name), { recursive: true });
    }

    rmSync(join(server.serverDir, 'users.cfg'));
    loseAndRecover(server);
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

  it('without what a recover keeps for its rollback, wherever it lies', () => {
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
    backUp(server);
    loseAndRecover(server);
    expect(
      compareTrees(expected, server.storeDir, {
        ...leftOut,
        directoryTimes: false,
      }),
    ).toEqual([]);
  });

  it('for 70,000 files in one folder', () => {
    const names = Array.from(
      { length: 70_000 },
      (_, i) => `${(i + 1).toString(16).padStart(8, '0')}.eml`,
    );
    const messages = Object.fromEntries(
      names.map((name, i) => [
        name,
        i % 1000 === 0 ? '' : `Subject: ${String(i)}\r\n`,
      ]),
    );
    const store = {
      mail: { 'example.com': { alice: { INBOX: { '#msgs': messages } } } },
    };
    const server = buildInstallation(join(dir, 'server'), { store });
    const expected = join(dir, 'expected');
    backUp(server);
    renameSync(server.storeDir, expected);
    recover(server);
    expect(compareTrees(expected, server.storeDir, leftOut)).toEqual([]);
    // No volume may need Zip64, whose readers are rarer.
    expect(
      readdirSync(server.backupDir).filter((name) => name.endsWith('.zip')),
    ).toHaveLength(2);
  });

  it('for a file of more than 2 GiB in parts, within 300 MB of memory', () => {
    const { server } = twice(smallStore());
    const path = join(server.storeDir, 'mail/example.com/alice/huge.mbox');
    writeHuge(path, 2.25 * 2 ** 30);
    const peak = (args: string[]): number => {
      const command = [
        '-f',
        '%M',
        process.execPath,
        BINARY,
        ...args,
        '--server-dir',
        server.serverDir,
      ];
      const ended = runTool('/usr/bin/time', command, {
        env: QUIET_ENVIRONMENT,
        timeoutMs: 240_000,
      });
      expect(`${String(ended.status)} ${ended.stderr}`).toMatch(
        /^0 .*?\d+\n$/s,
      );
      return Number(ended.stderr.trim().split('\n').at(-1)) / 1024;
    };

    const skipped = kms(['backup', 'full', '--server-dir', server.serverDir]);
    expect(skipped.status).toBe(3);
    expect(skipped.stdout + skipped.stderr).toContain('huge.mbox');
    const flags = [
      '--oversize',
      'split',
      '--volume-size',
      '500MB',
      '--level',
      '1',
    ];
    expect(peak(['backup', 'full', ...flags])).toBeLessThan(300);
    const kept = join(dir, 'huge.mbox');
    runTool('mv', [path, kept]);
    expect(peak(['recover', server.backupDir, '--yes'])).toBeLessThan(300);
    expect(runTool('cmp', [kept, path]).status).toBe(0);
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
    const { status, stdout, stderr } = kms([
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

    loseAndRecover(server);
    expect(
      compareTrees(expected, server.storeDir, {
        ...leftOut,
        directoryTimes: false,
      }),
    ).toEqual([]);
  });

  it('never takes the backup directory into the backup, by whatever path it is reached', () => {
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
        kms([
          'backup',
          'full',
          '--server-dir',
          server.serverDir,
          '--backup-dir',
          backupDir,
        ]).status,
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
    () => {
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
      loseAndRecover(server);
      const names = readdirSync(
        join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs'),
      );
      expect(names).toEqual(['00000002.eml']);
    },
  );
});

/** A file with text and base64 at both ends and holes of zeros between: quick to make, not alike anywhere that matters. */
function writeHuge(path: string, sizeBytes: number): void {
  const random = new Random(3);
  const fd = openSync(path, 'w');
  ftruncateSync(fd, sizeBytes);
  for (let at = 0; at < sizeBytes; at += 256 << 20) {
    const block = Buffer.from(
      message(`block at ${String(at)}`, random, 3_000_000),
    );
    writeSync(fd, block, 0, block.length, at + 12_345);
  }

  writeSync(fd, Buffer.from('the end'), 0, 7, sizeBytes - 7);
  closeSync(fd);
}

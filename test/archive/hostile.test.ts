import {
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import Export from '../../src/commands/export.js';
import Recover from '../../src/commands/recover.js';
import Search from '../../src/commands/search.js';
import Verify from '../../src/commands/verify.js';
import {
  archiveWith,
  hostileKinds,
  type HostileKind,
} from '../helpers/hostile-archives.js';
import { runInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import {
  buildTree,
  compareTrees,
  listTree,
  removeTemporary,
  temporaryDirectory,
  type Tree,
  OWN_RECORDS,
} from '../helpers/store.js';
import {
  BINARY,
  hasTool,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';
import {
  buildZip,
  deflatedZeros,
  overlappingBomb,
  quotingBomb,
} from '../helpers/zip-builder.js';

const OLD: Tree = {
  mail: {
    'example.com': {
      bob: { INBOX: { '#msgs': { '00000001.eml': 'mail of bob\r\n' } } },
    },
  },
};
const NAME = 'F20261101T010000Z.zip';
const root = temporaryDirectory('hostile');
const outside = join(root, 'outside');

/** All below a server's directory but its history, which tells of what was refused too, and how runs are told. */
function namesOf(directory: string): string[] {
  return listTree(directory).filter((name) => !OWN_RECORDS.test(name));
}

describe('an archive with', () => {
  let place = '';
  let number = 0;
  let archive = '';
  let server: Installation;

  beforeAll(() => {
    mkdirSync(outside);
    writeFileSync(join(outside, 'canary'), 'not to be touched');
  });
  afterAll(() => {
    removeTemporary(root);
  });

  afterEach(() => {
    removeTemporary(join(root, 'places'));
  });

  /** A server with a store of its own, the archive beside it. */
  const prepare = ({ bytes }: Pick<HostileKind, 'bytes'>): void => {
    place = join(root, 'places', String(number++), 'a', 'b', 'c');
    mkdirSync(join(place, 'archives'), { recursive: true });
    archive = join(place, 'archives', NAME);
    writeFileSync(archive, bytes());
    server = buildInstallation(join(place, 'server'), { store: OLD });
    buildTree(join(place, 'old'), OLD);
  };

  /** Everything that must be the same whatever a recover does: all but the server itself. */
  const surroundings = (): string[] =>
    // A verify notes its result beside the archive.
    listTree(root).filter(
      (path) =>
        !join(root, path).startsWith(`${server.serverDir}/`) &&
        !/\/\.kms-backup/.test(path),
    );

  for (const kind of hostileKinds(outside)) {
    const act = {
      accept: 'recovered',
      refuse: 'refused',
      either: 'recovered or refused without harm',
    }[kind.expected];
    it(`${kind.what} is ${act}`, async () => {
      prepare(kind);
      const before = surroundings();
      const serverBefore = namesOf(server.serverDir);
      const verified = await runInProcess(Verify, [
        archive,
        '--server-dir',
        server.serverDir,
      ]);
      const recovered = await runInProcess(Recover, [
        archive,
        '--server-dir',
        server.serverDir,
        '--yes',
      ]);
      const both = `verify ${String(verified.exitCode)}, recover ${String(recovered.exitCode)}`;
      const said = `${both}\n${verified.output}${recovered.output}`;
      const looks = await lookInside();
      expect(surroundings(), said).toEqual(before);
      expect(readFileSync(join(outside, 'canary'), 'utf8')).toBe(
        'not to be touched',
      );
      // What is sound for one is sound for all; damage is told, or lies where this one does not look.
      const allowed = verified.exitCode === 0 ? [0] : [0, 3, 4, 10];
      for (const { exitCode, output } of looks) {
        expect(allowed, said + output).toContain(exitCode);
      }

      // 3: no configuration is in it.
      expect(['verify 0, recover 3', 'verify 4, recover 4'], said).toContain(
        both,
      );
      if (kind.expected !== 'either') {
        expect(both, said).toContain(
          kind.expected === 'accept' ? 'verify 0' : 'verify 4',
        );
      }

      if (recovered.exitCode === 3) {
        expectRecovered(kind);
      } else {
        expect(compareTrees(join(place, 'old'), server.storeDir), said).toEqual(
          [],
        );
        expect(namesOf(server.serverDir), said).toEqual(serverBefore);
      }
    });
  }

  for (const kind of hostileKinds(outside)) {
    it(`${kind.what} gives one folder or refuses it, without harm`, async () => {
      prepare(kind);
      const before = surroundings();
      const folder = ['-d', 'example.com', '-u', 'alice', '-f', 'INBOX'];
      const { exitCode, output } = await runInProcess(Recover, [
        archive,
        ...['--server-dir', server.serverDir, '--yes'],
        ...folder,
      ]);
      expect([0, 4, 10], output).toContain(exitCode);
      expect(surroundings(), output).toEqual(before);
      expect(readFileSync(join(outside, 'canary'), 'utf8')).toBe(
        'not to be touched',
      );
      const brought = listTree(server.storeDir).filter(
        (path) => !path.startsWith('mail/example.com/bob/'),
      );
      const ours = /^mail\/(example\.com\/(alice\/(INBOX\/.*)?)?)?$/;
      expect(
        brought.filter(
          (path) => !ours.test(path) && !path.startsWith('.kms-backup'),
        ),
      ).toEqual([]);
      expect(listTree(join(server.storeDir, 'mail/example.com/bob'))).toEqual(
        listTree(join(place, 'old/mail/example.com/bob')),
      );
      for (const path of brought) {
        expect(lstatSync(join(server.storeDir, path)).isSymbolicLink()).toBe(
          false,
        );
      }
    });
  }

  it('damage in one folder gives the others', async () => {
    const other = `@backup/store/mail/example.com/alice/Sent/#msgs/00000001.eml`;
    const twin = { name: other, content: 'sent\r\n' };
    prepare({ bytes: () => archiveWith([twin, twin]) });
    const recover = (...flags: string[]): ReturnType<typeof runInProcess> =>
      runInProcess(Recover, [
        archive,
        '--server-dir',
        server.serverDir,
        '--yes',
        '-d',
        'example.com',
        ...flags,
      ]);
    expect((await recover('-u', 'alice', '-f', 'Sent')).exitCode).toBe(4);
    expect((await recover('-u', 'alice')).exitCode).toBe(4);
    expect((await recover()).exitCode).toBe(4);
    expect(compareTrees(join(place, 'old'), server.storeDir)).toEqual([]);
    expect((await recover('-u', 'alice', '-f', 'INBOX')).exitCode).toBe(0);
    expect(
      readFileSync(
        join(
          server.storeDir,
          'mail/example.com/alice/INBOX/#msgs/00000001.eml',
        ),
        'utf8',
      ),
    ).toBe('a good message\r\n');
  });

  /** Lists, searches and exports. */
  const lookInside = async (): Promise<
    Awaited<ReturnType<typeof runInProcess>>[]
  > => {
    const output = join(server.serverDir, 'export.zip');
    const ended = [
      await runInProcess(Recover, [archive, '--listing']),
      await runInProcess(Search, [archive, '-d', 'example.com']),
      await runInProcess(Export, [
        archive,
        '-d',
        'example.com',
        '--output',
        output,
      ]),
    ];
    rmSync(output, { force: true });
    return ended;
  };

  const expectRecovered = ({ recovered = {} }: HostileKind): void => {
    expect(listTree(server.storeDir)).not.toContain('mail/example.com/bob/');
    for (const [path, content] of Object.entries(recovered)) {
      expect(readFileSync(join(server.storeDir, path), 'utf8')).toBe(content);
    }

    for (const path of listTree(server.storeDir)) {
      const stat = lstatSync(join(server.storeDir, path));
      expect(stat.isFile() || stat.isDirectory(), path).toBe(true);
      expect(stat.mode & 0o7000, path).toBe(0);
    }
  };

  it("a configuration that names another store is recovered into this server's store", async () => {
    const other = buildInstallation(join(root, 'places', 'other'), {
      storeDir: join(root, 'places', 'elsewhere'),
    });
    const config = readFileSync(
      join(other.serverDir, 'mailserver.cfg'),
      'utf8',
    ).replaceAll(other.storeDir, outside);
    prepare({ bytes: () => archiveWith([], { config }) });
    const { exitCode } = await runInProcess(Recover, [
      archive,
      '--server-dir',
      server.serverDir,
      '--yes',
    ]);
    // There is no users.cfg in it.
    expect(exitCode).toBe(3);
    expect(listTree(outside)).toEqual(['canary']);
    expect(listTree(server.storeDir)).toContain(
      'mail/example.com/alice/INBOX/#msgs/00000001.eml',
    );
  });

  it('volumes that are missing, swapped or of another archive is refused', async () => {
    prepare({ bytes: () => archiveWith([]) });
    writeFileSync(
      join(place, 'archives', NAME.replace('.zip', '.2.zip')),
      archiveWith([]),
    );
    const verified = await runInProcess(Verify, [
      archive,
      '--server-dir',
      server.serverDir,
    ]);
    const recovered = await runInProcess(Recover, [
      archive,
      '--server-dir',
      server.serverDir,
      '--yes',
    ]);
    expect([verified.exitCode, recovered.exitCode]).toEqual([4, 4]);
    expect(compareTrees(join(place, 'old'), server.storeDir)).toEqual([]);
  });
});

const TIME = '/usr/bin/time';

describe.skipIf(!hasTool(TIME))('memory (needs GNU time)', () => {
  const bombs: Record<string, () => Buffer> = {
    'data that burst from 1 MB to 1 GB': () =>
      archiveWith([
        {
          name: '@backup/store/mail/z',
          ...deflatedZeros(1024),
          size: 1000,
          crc: 1,
        },
      ]),
    'a thousand names for 256 MB of zeros': () =>
      buildZip(overlappingBomb(1000, 256)),
    'quoted headers around 64 MB of zeros': () => quotingBomb(50, 64),
    'a summary of 1 GB': () =>
      archiveWith([], {
        summary: { name: '.summary.txt', ...deflatedZeros(1024) },
      }),
    'a version text of 1 GB': () =>
      archiveWith([], {
        version: { name: '.version.txt', ...deflatedZeros(1024) },
      }),
    'a list of deleted names of 1 GB': () =>
      archiveWith([{ name: '.deleted.txt', ...deflatedZeros(1024) }]),
  };
  let dir = '';
  beforeAll(() => {
    dir = temporaryDirectory('bombs');
  });
  afterAll(() => {
    removeTemporary(dir);
  });

  for (const [what, bytes] of Object.entries(bombs)) {
    it(`stays below 250 MB with ${what}`, () => {
      const archives = join(dir, what.replaceAll(' ', '-'));
      const server = buildInstallation(join(archives, 'server'), {
        store: OLD,
      });
      writeFileSync(join(archives, NAME), bytes());
      for (const args of [
        ['verify', join(archives, NAME)],
        ['list-archives', archives],
        ['recover', join(archives, NAME), '--yes'],
      ]) {
        const command = [
          '-q',
          '-f',
          '%M',
          process.execPath,
          BINARY,
          ...args,
          '--server-dir',
          server.serverDir,
        ];
        const { stderr } = runTool(TIME, command, { env: QUIET_ENVIRONMENT });
        expect(
          Number(stderr.trim().split('\n').at(-1)) / 1024,
          args[0],
        ).toBeLessThan(250);
      }
    });
  }
});

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openArchive } from '../../src/archive/open-archive.js';
import Export from '../../src/commands/export.js';
import ListArchives from '../../src/commands/list-archives.js';
import Recover from '../../src/commands/recover.js';
import Search from '../../src/commands/search.js';
import Verify from '../../src/commands/verify.js';
import { canInject, kmsWithFaults } from '../helpers/faults.js';
import { runInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { Random } from '../helpers/random.js';
import { archiveFilesAt, volumePath } from '../helpers/storages.js';
import {
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';

const FIRST = 'F20260101T010000Z';
const SECOND = 'F20260102T010000Z';
const ALICE = '@backup/store/mail/example.com/alice/INBOX/#msgs/';

const random = new Random(7);
const mail = (subject: string, bytes = 0): string =>
  `From: a@example.org\r\nSubject: ${subject}\r\n\r\n${Buffer.from(random.bytes(bytes)).toString('base64')}\r\n`;

/** Alice has enough mail for several volumes of her own. */
function store(): Tree {
  const many = Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [
      `000001${String(at + 10)}.eml`,
      mail(`for alice ${String(at)}`, 3000),
    ]),
  );
  const folder = (messages: Tree): Tree => ({
    '#msgs': messages,
    'index.fld': '',
    'status.fld': 'x',
  });

  return {
    mail: {
      'example.com': {
        alice: {
          INBOX: folder(many),
          Sent: folder({ '00000001.eml': mail('sent by alice') }),
        },
        bob: {
          INBOX: folder({
            '00000001.eml': mail('for bob'),
            '00000002.eml': mail('for bob, too'),
          }),
        },
      },
    },
  };
}

let root = '';
let server: Installation;
beforeEach(() => {
  root = temporaryDirectory('damage');
  server = buildInstallation(join(root, 'server'), {
    store: store(),
    beside: { sslcert: { 'a.crt': 'cert' } },
  });
});
afterEach(() => {
  removeTemporary(root);
});

const archive = (stem: string): string => join(server.backupDir, `${stem}.zip`);
const record = (): string =>
  join(server.backupDir, '.kms-backup-verified.json');
const backUp = (type: 'full' | 'differential', day: number): Promise<unknown> =>
  backUpAt(server, type, `2026-01-0${String(day)}T01:00:00Z`, {
    volumeLimitBytes: 24_000,
    keep: 9,
    rotates: false,
  });
const run = (
  command: Parameters<typeof runInProcess>[0],
  ...args: string[]
): ReturnType<typeof runInProcess> =>
  runInProcess(command, [...args, '--server-dir', server.serverDir]);

/** Recovers to a place of its own; what arrived there, by user. */
async function recover(
  from: string,
  ...args: string[]
): Promise<{ exitCode: number; output: string; arrived: string[] }> {
  const place = join(root, 'place');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(join(place, 'cfg'), { recursive: true });
  const places = [
    '--store',
    join(place, 'store'),
    '--cfgdir',
    join(place, 'cfg'),
    '--yes',
  ];
  const { exitCode, output } = await run(Recover, from, ...places, ...args);
  const domain = join(place, 'store/mail/example.com');
  const mails = (user: string): number =>
    existsSync(join(domain, user, 'INBOX/#msgs'))
      ? readdirSync(join(domain, user, 'INBOX/#msgs')).length
      : 0;
  const users = ['alice', 'bob']
    .filter((user) => mails(user) > 0)
    .map((user) => `${user} ${String(mails(user))}`);

  return {
    exitCode,
    output,
    arrived: [
      ...users,
      ...readdirSync(join(place, 'cfg')).filter((name) =>
        name.endsWith('.cfg'),
      ),
    ],
  };
}

/** Flips a bit in the data of alice's n-th message. */
async function damage(stem: string, nth = 0): Promise<string> {
  const { volumes } = await openArchive(await archiveFilesAt(archive(stem)));
  const found = volumes.flatMap(({ file, table }) =>
    Array.from({ length: table.count }, (_, index) => ({ file, table, index })),
  );
  const hit = found.filter(({ table, index }) =>
    /\/#msgs\/0000012\d\.eml$/.test(table.name(index)),
  )[nth];
  if (!hit) throw new Error('no such message');
  const bytes = readFileSync(volumePath(hit.file));
  const at = hit.table.extentEnd(hit.index) - 20;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x40, at);
  writeFileSync(volumePath(hit.file), bytes);

  return hit.table.name(hit.index);
}

/** A volume that holds mail of alice alone, and no other volume's business. */
async function volumeOfAlice(stem: string): Promise<string> {
  const { volumes } = await openArchive(await archiveFilesAt(archive(stem)));
  const own = volumes.find(({ table }) =>
    Array.from({ length: table.count }, (_, index) => table.name(index)).every(
      (name) => name.startsWith(ALICE),
    ),
  );
  if (!own) throw new Error('no volume has mail of alice alone');

  return volumePath(own.file);
}

describe('one damaged message that verify found', () => {
  beforeEach(async () => {
    await backUp('full', 1);
  });

  it('keeps nobody from what is whole, and is named where it is in the way', async () => {
    const name = await damage(FIRST);
    expect((await run(Verify, server.backupDir)).exitCode).toBe(4);
    const whole = [
      ['-u', 'bob'],
      ['-u', 'alice', '-f', 'Sent'],
      ['--message', 'example.com/alice/INBOX/00000110'],
      ['--mask', 'cfg'],
    ];
    for (const args of whole) {
      const { exitCode, output } = await recover(archive(FIRST), ...args);
      expect([exitCode, output]).toEqual([
        0,
        expect.stringMatching(
          /Note .*was found damaged \(example.com\/alice\/INBOX\)/,
        ),
      ]);
    }

    expect((await recover(archive(FIRST), '-u', 'bob')).arrived).toEqual([
      'bob 2',
    ]);
    for (const args of [
      [],
      ['-u', 'alice'],
      ['-d', 'example.com'],
      ['--mask', 'mail'],
    ]) {
      const { exitCode, output, arrived } = await recover(
        archive(FIRST),
        ...args,
      );
      expect([exitCode, output, arrived]).toEqual([
        4,
        expect.stringContaining(`1 entry damaged: ${JSON.stringify(name)}`),
        [],
      ]);
    }
  });

  it('concerns search, export and the list of archives only where it lies', async () => {
    await damage(FIRST);
    await run(Verify, server.backupDir);
    const search = await run(
      Search,
      archive(FIRST),
      '-u',
      'bob',
      '--subject',
      'bob',
    );
    expect([search.exitCode, search.stdout]).toEqual([
      0,
      expect.stringContaining('for bob, too'),
    ]);
    const to = (user: string): string[] => [
      '-u',
      user,
      '--output',
      join(root, `${user}.zip`),
    ];
    expect((await run(Export, archive(FIRST), ...to('bob'))).exitCode).toBe(0);
    expect((await run(Export, server.backupDir, ...to('alice'))).exitCode).toBe(
      4,
    );
    const list = await run(ListArchives, server.backupDir);
    expect(list.stdout).toMatch(
      /partly: verify found damage in 1 of \d+ entries on [-\d]+: example.com\/alice\/INBOX; the rest can be recovered/,
    );
    const listing = await run(Recover, server.backupDir, '--listing');
    expect([listing.exitCode, listing.stdout]).toEqual([
      0,
      expect.stringMatching(/alice +INBOX +30[^]*not all of this/),
    ]);
  });

  it('is looked at again: a verdict that is no longer true is none', async () => {
    const { sizeBytes } = await archiveFilesAt(archive(FIRST));
    const bytes = JSON.stringify({
      archives: {
        [FIRST]: {
          at: '2026-01-01T02:00:00Z',
          isSound: false,
          sizeBytes,
        },
      },
    });
    writeFileSync(record(), bytes);
    for (const args of [[], ['-u', 'alice']]) {
      const { exitCode, output } = await recover(server.backupDir, ...args);
      expect([exitCode, output]).toEqual([
        0,
        expect.stringContaining('is sound now: run verify again'),
      ]);
    }
  });

  it.each([
    'null',
    '{}',
    '[]',
    '{"archives":null}',
    '{"archives":{"F20260101T010000Z":5}}',
    '{"archives":',
    '',
  ])('is unknown to a record that says %s: no command minds', async (text) => {
    writeFileSync(record(), text);
    expect((await run(ListArchives, server.backupDir)).exitCode).toBe(0);
    expect((await recover(server.backupDir, '-u', 'bob')).exitCode).toBe(0);
    expect((await run(Verify, server.backupDir)).exitCode).toBe(0);
    expect((await run(ListArchives, server.backupDir)).stdout).toMatch(
      / yes$/m,
    );
  });
});

describe('of several archives', () => {
  beforeEach(async () => {
    await backUp('full', 1);
    await backUp('full', 2);
    await damage(SECOND);
    await run(Verify, server.backupDir);
  });

  it('a directory means the newest in which what is wanted is whole', async () => {
    const from = async (...args: string[]): Promise<string | undefined> => {
      const { exitCode, output } = await recover(server.backupDir, ...args);
      expect(exitCode).toBe(0);
      return /From +(\S+)/.exec(output)?.[1];
    };

    expect(await from('-u', 'bob')).toBe(`${SECOND}.zip`);
    expect(await from('--mask', 'cfg')).toBe(`${SECOND}.zip`);
    expect(await from('-u', 'alice')).toBe(`${FIRST}.zip`);
    expect(await from()).toBe(`${FIRST}.zip`);
    const { output } = await recover(server.backupDir);
    expect(output).toMatch(
      /Note +F20260102T010000Z.zip is newer, but cannot be recovered: 1 entry damaged/,
    );
  });

  it('a damaged full concerns its differential only as far as it is read', async () => {
    renameSync(record(), join(root, 'kept'));
    await backUp('differential', 3);
    renameSync(join(root, 'kept'), record());
    expect(
      (await recover(join(server.backupDir, 'I20260103T010000Z.zip'))).exitCode,
    ).toBe(4);
    rmSync(join(server.backupDir, 'I20260103T010000Z.zip'));
    const [name = ''] =
      (
        JSON.parse(readFileSync(record(), 'utf8')) as {
          archives: Record<string, { damage: { names: string[] }[] }>;
        }
      ).archives[SECOND]?.damage[0]?.names ?? [];
    rmSync(join(server.storeDir, name.replace('@backup/store/', '')));
    renameSync(record(), join(root, 'kept'));
    await backUp('differential', 4);
    renameSync(join(root, 'kept'), record());
    const { exitCode, arrived } = await recover(
      join(server.backupDir, 'I20260104T010000Z.zip'),
    );
    expect([exitCode, arrived]).toEqual([
      0,
      ['alice 29', 'bob 2', 'mailserver.cfg', 'users.cfg'],
    ]);
  });
});

describe('a volume', () => {
  beforeEach(async () => {
    await backUp('full', 1);
  });

  it.each([
    [
      'that is missing',
      (path: string) => {
        rmSync(path);
      },
    ],
    [
      'whose central directory is cut off',
      (path: string) => {
        writeFileSync(path, readFileSync(path).subarray(0, -30));
      },
    ],
    [
      'of another archive',
      (path: string) => {
        writeFileSync(path, readFileSync(archive(FIRST)));
      },
    ],
  ])('%s concerns only what it held', async (_, harm) => {
    harm(await volumeOfAlice(FIRST));
    for (const verifies of [false, true]) {
      if (verifies) {
        expect((await run(Verify, server.backupDir)).exitCode).toBe(4);
      }

      expect(await recover(server.backupDir, '-u', 'bob')).toMatchObject({
        exitCode: 0,
        arrived: ['bob 2'],
      });
      expect(await recover(archive(FIRST), '--mask', 'cfg')).toMatchObject({
        exitCode: 0,
        arrived: ['mailserver.cfg', 'users.cfg'],
      });
      for (const args of [
        [],
        ['-u', 'alice'],
        ['-d', 'example.com'],
        ['-u', 'nobody'],
      ]) {
        expect((await recover(archive(FIRST), ...args)).exitCode).toBe(4);
      }

      expect(
        (
          await run(
            Export,
            archive(FIRST),
            '-u',
            'bob',
            '--overwrite',
            '--output',
            join(root, 'bob.zip'),
          )
        ).exitCode,
      ).toBe(0);
    }
  });

  it('that was the last takes the proof with it: nobody can tell what it held of whom', async () => {
    const { volumes } = await archiveFilesAt(archive(FIRST));
    const last = volumes.at(-1);
    if (last) rmSync(volumePath(last));
    expect((await recover(archive(FIRST), '-u', 'bob')).exitCode).toBe(4);
    expect((await recover(archive(FIRST), '--mask', 'cfg')).exitCode).toBe(0);
  });
});

describe.skipIf(!canInject)(
  'an archive that cannot be read this time (needs strace)',
  () => {
    it('is no damaged one: nothing is recorded, and nobody gets an older state for it', async () => {
      await backUp('full', 1);
      await backUp('full', 2);
      const before = readFileSync(record(), 'utf8');
      const fault = { inject: ['openat:error=EIO'], paths: [archive(SECOND)] };
      const place = [
        '--store',
        join(root, 's'),
        '--cfgdir',
        join(root, 'c'),
        '--yes',
      ];
      const recovered = kmsWithFaults(
        ['recover', server.backupDir, ...place],
        fault,
      );
      expect([recovered.status, recovered.stderr]).toEqual([
        1,
        expect.stringMatching(
          /F20260102T010000Z.zip cannot be read.*\nCode: IO_ERROR/,
        ),
      ]);
      const verified = kmsWithFaults(['verify', server.backupDir], fault);
      expect([verified.status, verified.stderr, verified.stdout]).toEqual([
        1,
        expect.stringContaining('Code: IO_ERROR'),
        expect.stringMatching(/^UNREAD +F20260102/m),
      ]);
      expect(
        Object.entries(archivesOf(readFileSync(record(), 'utf8'))),
      ).toHaveLength(2);
      expect(archivesOf(readFileSync(record(), 'utf8'))[SECOND]).toEqual(
        archivesOf(before)[SECOND],
      );
      const list = kmsWithFaults(['list-archives', server.backupDir], fault);
      expect([list.status, list.stdout]).toEqual([
        0,
        expect.stringContaining('no: cannot be read: EIO'),
      ]);
    });
  },
);

function archivesOf(text: string): Record<string, unknown> {
  return (JSON.parse(text) as { archives: Record<string, unknown> }).archives;
}

import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import Recover from '../../src/commands/recover.js';
import { storageAt } from '../../src/archive/storages.js';
import { canInject, kmsWithFaults } from '../helpers/faults.js';
import {
  runInProcess,
  kmsInProcess,
  kmsJsonInProcess,
} from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
  smallStore,
} from '../helpers/installation.js';
import { writeKerioArchive } from '../helpers/kerio-archive.js';
import { backUpAt, rotateAt } from '../helpers/nights.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import { expectDone, kms, kmsJson, runTool } from '../helpers/tools.js';

const MESSAGES = 'mail/example.com/alice/INBOX/#msgs';

let dir = '';
let server: Installation;
beforeEach(() => {
  dir = temporaryDirectory('differential');
  server = buildInstallation(join(dir, 'server'), { store: smallStore() });
});
afterEach(() => {
  removeTemporary(dir);
});

const night = (day: number): string =>
  `2026-01-${String(day).padStart(2, '0')}T01:00:00Z`;
const at = (name: string): string => join(server.storeDir, MESSAGES, name);
const archives = (): string[] =>
  readdirSync(server.backupDir).filter((name) => name.endsWith('.zip'));
const newest = (): string => archives().at(-1) ?? '';
/** Message names that an archive has entries for. */
const messagesIn = (archive: string): string[] =>
  runTool('unzip', ['-Z1', join(server.backupDir, archive)])
    .stdout.split('\n')
    .filter((name) => name.endsWith('.eml'))
    .map((name) => name.slice(name.lastIndexOf('/') + 1));
const deletedIn = (archive: string): string[] =>
  runTool('unzip', ['-p', join(server.backupDir, archive), '.deleted.txt'])
    .stdout.split('\n')
    .slice(0, -1);
/** The store that a recover of the newest point gives. */
const recover = async (from = server.backupDir): Promise<string> => {
  const other = buildInstallation(join(dir, 'other'), {
    store: { mail: { stale: { 'old.eml': 'must go\r\n' } } },
  });
  const ended = await runInProcess(Recover, [
    from,
    '--server-dir',
    other.serverDir,
    '--yes',
    '--quiet',
  ]);
  expect(ended.exitCode, ended.output).toBe(0);
  return other.storeDir;
};

/** Other content of the same size under the same times. */
function replaceUnseen(path: string): void {
  const kept = join(dir, 'kept times');
  expectDone(runTool('touch', ['-r', path, kept]));
  writeFileSync(
    path,
    readFileSync(path, 'latin1').replace('Alice', 'ALICE'),
    'latin1',
  );
  expectDone(runTool('touch', ['-r', kept, path]));
}

describe('what a differential takes', () => {
  it('is what has another time by 100 ns, and what has other content only with --checksum', async () => {
    await backUpAt(server, 'full', night(1));
    replaceUnseen(at('00000001.eml'));
    expect(
      (await backUpAt(server, 'differential', night(2))).report.messages,
    ).toMatchObject({ changed: 0, total: 2 });
    const { report } = await backUpAt(server, 'differential', night(3), {
      usesChecksum: true,
    });
    expect(report.messages).toMatchObject({
      new: 0,
      changed: 1,
      unchanged: 1,
      deleted: 0,
    });
    expect(messagesIn(newest())).toEqual(['00000001.eml']);
    expectDone(
      runTool('touch', [
        '-d',
        '2020-05-05T05:05:05.1234567Z',
        at('00000002.eml'),
      ]),
    );
    await backUpAt(server, 'full', night(4));
    expect(
      (await backUpAt(server, 'differential', night(5))).report.messages
        .changed,
    ).toBe(0);
    expectDone(
      runTool('touch', [
        '-d',
        '2020-05-05T05:05:05.1234566Z',
        at('00000002.eml'),
      ]),
    );
    expect(
      (await backUpAt(server, 'differential', night(6))).report.messages
        .changed,
    ).toBe(1);
  });

  it('is other content of the same size and time too, where the file was written while the full ran', async () => {
    // The step of the clock that gives times may be as long as the time between reading and writing again.
    const during = new Date(Date.parse(night(1)) + 400);
    for (const name of ['00000001.eml', '00000002.eml']) {
      utimesSync(at(name), during, during);
    }

    await backUpAt(server, 'full', night(1));
    replaceUnseen(at('00000001.eml'));
    const { report } = await backUpAt(server, 'differential', night(2));
    expect(report.messages).toMatchObject({ changed: 1, unchanged: 1 });
    expect(messagesIn(newest())).toEqual(['00000001.eml']);
  });

  it('lists what is gone, but not what is there and cannot be backed up', async () => {
    const bob = join(server.storeDir, 'mail/example.com/bob');
    mkdirSync(join(bob, 'INBOX/#msgs'), { recursive: true });
    writeFileSync(join(bob, 'INBOX/#msgs/00000001.eml'), message('to bob'));
    await backUpAt(server, 'full', night(1));
    rmSync(at('00000002.eml'));
    renameSync(bob, join(dir, 'another disk'));
    symlinkSync(join(dir, 'another disk'), bob);
    const { report } = await backUpAt(server, 'differential', night(2));
    expect(report.issues).toMatchObject([
      { kind: 'skipped', name: '@backup/store/mail/example.com/bob' },
    ]);
    expect(deletedIn(newest())).toEqual([
      `@backup/store/${MESSAGES}/00000002.eml`,
    ]);
    const other = await recover();
    expect(
      readdirSync(join(other, 'mail/example.com/bob/INBOX/#msgs')),
    ).toEqual(['00000001.eml']);
    expect(readdirSync(join(other, MESSAGES))).toEqual(['00000001.eml']);
  });

  it('is named D where the directory holds a D, whatever came after it', async () => {
    await backUpAt(server, 'full', night(1));
    await backUpAt(server, 'differential', night(2), { rotates: false });
    writeKerioArchive(server.backupDir, server, {
      letter: 'D',
      startedAt: new Date(night(1)),
    });
    await backUpAt(server, 'differential', night(3), { rotates: false });
    expect(archives()).toEqual([
      'D20260101T010000Z.zip',
      'D20260103T010000Z.zip',
      'F20260101T010000Z.zip',
      'I20260102T010000Z.zip',
    ]);
  });

  it('becomes a full where the names of what is gone do not fit into a volume', async () => {
    const many = Array.from(
      { length: 3000 },
      (_, i) => `${(i * 7919).toString(16)}${String(i)}.eml`,
    );
    mkdirSync(join(server.storeDir, 'mail/example.com/bob'));
    for (const name of many) {
      writeFileSync(join(server.storeDir, 'mail/example.com/bob', name), '');
    }

    const small = { volumeLimitBytes: 16_384 };
    await backUpAt(server, 'full', night(1), small);
    rmSync(join(server.storeDir, 'mail/example.com/bob'), { recursive: true });
    const { report } = await backUpAt(server, 'differential', night(2), {
      ...small,
      rotates: false,
    });
    expect(report.type).toBe('full');
    expect(report.warnings[0]).toMatch(
      /^the names of 3001 deleted files do not fit into a volume: a full archive/,
    );
    expect(compareTrees(server.storeDir, await recover())).toEqual([]);
  });
});

describe.skipIf(!canInject)(
  'a file that a differential cannot examine (needs strace)',
  () => {
    const examine = 'lstat,statx,newfstatat';
    const args = (): string[] => [
      'backup',
      'diff',
      '--server-dir',
      server.serverDir,
      '--no-rotate',
    ];

    it('is named with exit code 3, and keeps no other out', async () => {
      await backUpAt(server, 'full', night(1));
      writeFileSync(at('00000003.eml'), message('three'));
      const ended = kmsWithFaults(args(), {
        inject: [`${examine}:error=EIO`, 'openat:error=EIO'],
        paths: [at('00000002.eml')],
      });
      expect([ended.status, ended.stdout]).toEqual([
        3,
        expect.stringContaining('00000002.eml: EIO'),
      ]);
      expect([messagesIn(newest()), deletedIn(newest())]).toEqual([
        ['00000003.eml'],
        [],
      ]);
    });

    it('because it vanished after it was listed is gone at that moment, and does not come back', async () => {
      await backUpAt(server, 'full', night(1));
      const ended = kmsWithFaults(args(), {
        inject: [`${examine}:error=ENOENT`, 'openat:error=ENOENT'],
        paths: [at('00000002.eml')],
      });
      expect([ended.status, ended.stdout]).toEqual([
        0,
        expect.stringMatching(/1 unchanged, 1 deleted, 1 vanished/),
      ]);
      expect(readdirSync(join(await recover(), MESSAGES))).toEqual([
        '00000001.eml',
      ]);
    });
  },
);

describe('the full that a differential is measured against', () => {
  /** Two fulls of some volumes each, of the same lengths. */
  const twoFulls = async (): Promise<void> => {
    const folder = join(server.storeDir, MESSAGES);
    for (let i = 100; i < 200; i++) {
      writeFileSync(
        join(folder, `${String(i)}.eml`),
        message(`number ${String(i)}`),
      );
    }

    const limits = { volumeLimitBytes: 16_384, keep: 9 };
    await backUpAt(server, 'full', night(1), limits);
    for (let i = 100; i < 200; i++) {
      writeFileSync(
        join(folder, `${String(i)}.eml`),
        message(`NUMBER ${String(i)}`),
      );
    }

    await backUpAt(server, 'full', night(2), limits);
    expect(archives().length).toBeGreaterThan(5);
  };

  const [first, second] = ['F20260101T010000Z', 'F20260102T010000Z'];
  const path = (name: string): string => join(server.backupDir, name);

  it.each<[string, () => void | Promise<void>, RegExp]>([
    [
      'has lost a volume',
      () => {
        rmSync(path(`${second}.1.zip`));
      },
      /volume F20260102T010000Z\.1\.zip is missing/,
    ],
    [
      'has lost its first volume',
      () => {
        rmSync(path(`${second}.zip`));
      },
      /volume F20260102T010000Z\.zip is missing/,
    ],
    [
      'has a volume that was cut off',
      () => {
        truncateSync(path(`${second}.1.zip`), 900);
      },
      /F20260102T010000Z\.1\.zip/,
    ],
    [
      'has a volume of another full',
      () => {
        copyFileSync(path(`${first}.1.zip`), path(`${second}.1.zip`));
      },
      /is not the volume that F20260102T010000Z was written with/,
    ],
    [
      'was found damaged by verify',
      async () => {
        const bytes = readFileSync(path(`${second}.1.zip`));
        bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
        writeFileSync(path(`${second}.1.zip`), bytes);
        expect(
          (
            await kmsInProcess([
              'verify',
              server.backupDir,
              '--server-dir',
              server.serverDir,
            ])
          ).status,
        ).toBe(4);
      },
      /verify found damage in 1 of 116 entries on [-\d]+: example\.com\/alice\/INBOX/,
    ],
  ])(
    'becomes a new full with a warning where it %s',
    async (_, damage, reason) => {
      await twoFulls();
      await damage();
      const { status, json } = await kmsJsonInProcess([
        'backup',
        'diff',
        '--server-dir',
        server.serverDir,
        '--no-rotate',
      ]);
      expect([status, json['type'], json['warnings']]).toEqual([
        0,
        'full',
        [expect.stringMatching(reason)],
      ]);
      expect(json['warnings']).toEqual([
        expect.stringContaining(
          ': a full archive is written instead of a differential',
        ),
      ]);
    },
  );

  it('is told from another one of its name: what was measured against it is not recoverable then', async () => {
    await backUpAt(server, 'full', night(1));
    await backUpAt(server, 'differential', night(2));
    writeFileSync(at('00000003.eml'), message('three'));
    rmSync(path(`${first}.zip`));
    const elsewhere = join(dir, 'elsewhere');
    mkdirSync(elsewhere);
    await backUpAt(server, 'full', night(1), {
      storage: storageAt(elsewhere),
    });
    copyFileSync(join(elsewhere, `${first}.zip`), path(`${first}.zip`));
    const list = (await kmsInProcess(['list-archives', server.backupDir]))
      .stdout;
    expect(list).toMatch(
      /^I20260102.* no: F20260101T010000Z\.zip is not the full that it was measured against$/m,
    );
    expect(list).toMatch(/newest recoverable point 2026-01-01 \d\d:00 \S+/);
  });

  it('is shown as not recoverable where a volume between was cut off, with all that needs it', async () => {
    await twoFulls();
    await backUpAt(server, 'differential', night(3), { rotates: false });
    truncateSync(path(`${second}.1.zip`), 900);
    const list = (
      await kmsInProcess(['list-archives', server.backupDir, '--set'])
    ).stdout;
    expect(list).toMatch(
      /^F20260102T010000Z\.zip .* partly: F20260102T010000Z\.1\.zip/m,
    );
    expect(list).toMatch(
      /^ {2}I20260103.* partly: its base F20260102T010000Z\.zip is not recoverable/m,
    );
    expect(list).toMatch(/newest recoverable point 2026-01-01 \d\d:00 \S+/);
  });

  it('of a differential of the server is its last full before it, never one of some parts only', async () => {
    writeKerioArchive(server.backupDir, server, {
      letter: 'F',
      startedAt: new Date(night(1)),
    });
    await backUpAt(server, 'full', night(2), {
      mask: new Set(['cfg'] as const),
      rotates: false,
    });
    writeKerioArchive(server.backupDir, server, {
      letter: 'D',
      startedAt: new Date(night(3)),
    });
    const { json } = await kmsJsonInProcess([
      'list-archives',
      server.backupDir,
    ]);
    const bases = (json['archives'] as { base: unknown }[]).map(
      ({ base }) => base,
    );
    expect(bases).toEqual([null, null, 'F20260101T010000Z.zip']);
  });
});

describe('archives of the server itself', () => {
  const zone = { TZ: 'Europe/Prague' };
  let before: string | undefined;
  beforeEach(() => {
    before = process.env['TZ'];
    process.env['TZ'] = zone.TZ;
  });
  afterEach(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });

  it('serve as base in local time across clock changes: nothing is changed, unless it is', () => {
    const times: Record<string, string> = {
      'winter.eml': '2025-01-10T12:00:01.5Z',
      'summer.eml': '2025-07-10T12:00:00.999Z',
      'before-the-gap.eml': '2025-03-30T00:59:59.9Z',
      'after-the-gap.eml': '2025-03-30T01:00:00Z',
      'first-half-past-two.eml': '2025-10-26T00:30:00Z',
      'second-half-past-two.eml': '2025-10-26T01:30:00.7Z',
    };
    const store: Tree = {
      mail: {
        'example.com': {
          alice: Object.fromEntries(
            Object.entries(times).map(([name, time]) => [
              name,
              { content: message(name), mtimeSeconds: Date.parse(time) / 1000 },
            ]),
          ),
        },
      },
    };
    const other = buildInstallation(join(dir, 'prague'), { store });
    writeKerioArchive(other.backupDir, other, {
      letter: 'F',
      startedAt: new Date('2025-10-27T00:00:00Z'),
    });
    const args = ['backup', 'diff', '--server-dir', other.serverDir];
    const nothing = kmsJson(args, { env: zone }).json;
    expect(nothing['messages']).toMatchObject({
      new: 0,
      changed: 0,
      unchanged: 6,
      deleted: 0,
    });

    // An hour later by the sun, the same by the clock on the wall.
    const path = join(
      other.storeDir,
      'mail/example.com/alice/first-half-past-two.eml',
    );
    writeFileSync(
      path,
      readFileSync(path, 'latin1').replace('Alice', 'ALICE'),
      'latin1',
    );
    utimesSync(
      path,
      new Date('2025-10-26T01:30:00Z'),
      new Date('2025-10-26T01:30:00Z'),
    );
    const winter = join(other.storeDir, 'mail/example.com/alice/winter.eml');
    utimesSync(
      winter,
      new Date('2025-01-10T12:00:05Z'),
      new Date('2025-01-10T12:00:05Z'),
    );
    expect(kmsJson(args, { env: zone }).json['messages']).toMatchObject({
      changed: 2,
      unchanged: 4,
    });
    const recovered = buildInstallation(join(dir, 'recovered'));
    expectDone(
      kms(
        [
          'recover',
          other.backupDir,
          '--server-dir',
          recovered.serverDir,
          '--yes',
        ],
        { env: zone },
      ),
    );
    expect(
      compareTrees(other.storeDir, recovered.storeDir, {
        mtimeToleranceNs: undefined,
        modes: false,
      }),
    ).toEqual([]);
  });

  it('recover by the rule of the server, with a line that says that deletions are unknown', () => {
    writeKerioArchive(server.backupDir, server, {
      letter: 'F',
      startedAt: new Date(night(1)),
    });
    rmSync(at('00000001.eml'));
    writeFileSync(at('00000003.eml'), message('three'));
    writeKerioArchive(server.backupDir, server, {
      letter: 'D',
      startedAt: new Date(night(2)),
      changedSince: new Date(night(1)),
    });
    const other = buildInstallation(join(dir, 'other'));
    const ended = kms(
      ['recover', server.backupDir, '--server-dir', other.serverDir, '--yes'],
      { env: zone },
    );
    expect([ended.status, ended.stderr]).toEqual([
      0,
      expect.stringMatching(
        /the server wrote this differential: which mail was deleted .* is unknown/,
      ),
    ]);
    const names = ['00000001.eml', '00000002.eml', '00000003.eml'];
    expect(readdirSync(join(other.storeDir, MESSAGES)).sort()).toEqual(names);
  });
});

describe.skipIf(!canInject)(
  'a record of proofs that cannot be written (needs strace)',
  () => {
    it('is a warning: the archive stands, and pushes out nothing until it is verified', async () => {
      await backUpAt(server, 'full', night(1));
      const record = join(
        server.backupDir,
        '..kms-backup-verified.json.kms-backup-tmp',
      );
      const args = ['backup', 'full', '--server-dir', server.serverDir];
      const ended = kmsWithFaults(args, {
        inject: ['write,pwrite64:error=ENOSPC'],
        paths: [record],
      });
      expect([ended.status, ended.stderr]).toEqual([
        0,
        expect.stringMatching(
          /F\d{8}T\d{6}Z\.zip was read back could not be recorded, so rotation does not count it/,
        ),
      ]);
      expect(archives()).toHaveLength(2);
      const { verdicts } = await rotateAt(
        server.backupDir,
        new Date(Date.now() + 1000).toISOString(),
        { keep: 1 },
      );
      expect(verdicts.map(({ reason }) => reason)).toEqual([
        'newest complete backup',
        'not verified, so not counted',
      ]);
    });
  },
);

import {
  appendFileSync,
  chmodSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openArchive } from '../../src/archive/open-archive.js';
import { findArchiveFiles } from '../../src/archive/backup-directory.js';
import { readArchiveFacts } from '../../src/archive/archive-facts.js';
import { storageAt } from '../../src/archive/storages.js';
import type { BackupReport } from '../../src/backup/request.js';
import { canInject, kmsWithFaults, wasKilled } from '../helpers/faults.js';
import { runInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
  randomStore,
} from '../helpers/installation.js';
import { backUpAt, type NightOptions } from '../helpers/nights.js';
import { Random } from '../helpers/random.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';

import { expectEnd, said } from '../helpers/tools.js';

/** Fulls that copy out of older archives what is unchanged. */

const REUSES: NightOptions = { reuse: { freshEvery: 4 }, rotates: false };
const FRESH: NightOptions = { rotates: false };

let dir = '';
afterEach(() => {
  removeTemporary(dir);
});

function makeServer(options: { readonly volumeSizeBytes?: number } = {}): {
  readonly server: Installation;
  readonly msgs: string;
} {
  dir = temporaryDirectory('reuse');
  const numbers = Array.from({ length: 40 }, (_, at) => at + 1);
  const random = new Random(7);

  const server = buildInstallation(join(dir, 'server'), {
    ...options,
    store: {
      mail: {
        'example.com': {
          alice: {
            INBOX: {
              '#msgs': Object.fromEntries(
                numbers.map((n) => [
                  `${n.toString(16).padStart(8, '0')}.eml`,
                  message(`number ${n}`, random, n * 97),
                ]),
              ),
              'status.fld': 'S1\r\n',
            },
            Empty: {},
          },
        },
      },
      lists: { 'one.mlist': 'list\n' },
    },
  });

  return {
    server,
    msgs: join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs'),
  };
}

const night = (day: number): string =>
  `2026-03-${String(day).padStart(2, '0')}T01:00:00Z`;

async function full(
  server: Installation,
  day: number,
  options: NightOptions = REUSES,
): Promise<BackupReport> {
  const { report } = await backUpAt(server, 'full', night(day), options);

  return report;
}

/** What a recover of an archive brings is the store: bytes, names, modes and times. */
async function expectRecovers(
  server: Installation,
  archive: string,
): Promise<void> {
  const target = join(dir, 'recovered');
  removeTemporary(target);

  const { exitCode, output } = await runInProcess('recover', [
    join(server.backupDir, archive),
    '--server-dir',
    server.serverDir,
    '--store',
    join(target, 'store'),
    '--cfgdir',
    join(target, 'cfg'),
    '--yes',
  ]);

  expect(exitCode, output).toBe(0);
  expect(compareTrees(server.storeDir, join(target, 'store'))).toEqual([]);
}

async function expectSound(
  server: Installation,
  archive: string,
): Promise<void> {
  const path = join(server.backupDir, archive);
  const { exitCode, output } = await runInProcess('verify', [path]);

  expect(exitCode, output).toBe(0);
}

/** The entries of an archive, by name: everything that its headers say but for places. */
async function entriesOf(
  server: Installation,
  archive: string,
): Promise<ReadonlyMap<string, object>> {
  const files = await findArchiveFiles(storageAt(server.backupDir), archive);
  const { volumes } = await openArchive(files);
  const entries = new Map<string, object>();

  for (const { table } of volumes) {
    for (let at = 0; at < table.count; at++) {
      const name = table.name(at);
      if (/^\.(version|summary)\.txt$/.test(name)) continue;

      const { headerOffset, ...row } = table.rowAt(at);
      entries.set(name, row);
      expect(headerOffset).toBeGreaterThanOrEqual(0);
    }
  }

  return entries;
}

async function factsOf(
  server: Installation,
  archive: string,
): ReturnType<typeof readArchiveFacts> {
  return readArchiveFacts(
    await findArchiveFiles(storageAt(server.backupDir), archive),
  );
}

/** Changes, removes, adds, renames, touches and locks messages. */
function changeMail(msgs: string): void {
  appendFileSync(join(msgs, '00000003.eml'), 'one line more\r\n');
  unlinkSync(join(msgs, '00000004.eml'));
  writeFileSync(join(msgs, '00000100.eml'), message('new'));
  utimesSync(join(msgs, '00000100.eml'), 1.7e9, 1.7e9);
  renameSync(join(msgs, '00000005.eml'), join(msgs, '00000101.eml'));
  utimesSync(join(msgs, '00000006.eml'), 1.6e9 + 0.5, 1.6e9 + 0.5);
  chmodSync(join(msgs, '00000007.eml'), 0o640);
}

it('copies what is unchanged and reads the rest; the archive is a full like any other', async () => {
  const { server, msgs } = makeServer();
  const first = await full(server, 1);
  expect(first.reused).toMatchObject({
    files: 0,
    reason: 'there is no full archive yet',
  });
  expect(first.warnings).toEqual([]);

  changeMail(msgs);
  const second = await full(server, 2);
  const fresh = await full(server, 3, FRESH);

  // 40 messages less the changed, removed, renamed, touched and locked one; status.fld and the list
  expect(second.reused).toMatchObject({
    archives: [{ archive: first.archive, files: 37 }],
    files: 37,
    readInstead: 0,
  });
  expect(fresh.reused).toBeUndefined();
  expect(second).toMatchObject({
    files: fresh.files,
    packedMessages: fresh.packedMessages,
    sourceBytes: fresh.sourceBytes,
    entries: fresh.entries,
    messages: fresh.messages,
  });
  expect(await entriesOf(server, second.archive)).toEqual(
    await entriesOf(server, fresh.archive),
  );

  rmSync(join(server.backupDir, first.archive));
  await expectSound(server, second.archive);
  await expectRecovers(server, second.archive);

  const { version, summary } = await factsOf(server, second.archive);
  expect(version?.reused).toMatchObject({
    from: [first.archive.replace('.zip', '')],
    files: 37,
    depth: 1,
  });
  expect(summary).toMatchObject({
    reusedFiles: 37,
    reusedBytes: second.reused?.storedBytes,
  });
});

it('takes what changed since the full out of its newest differential', async () => {
  const { server, msgs } = makeServer();
  const base = await full(server, 1);
  changeMail(msgs);
  await backUpAt(server, 'differential', night(2), FRESH);
  writeFileSync(join(msgs, '00000200.eml'), message('newer'));
  utimesSync(join(msgs, '00000200.eml'), 1.7e9, 1.7e9);
  const { report: differential } = await backUpAt(
    server,
    'differential',
    night(3),
    FRESH,
  );

  const report = await full(server, 4);

  expect(report.reused?.archives).toMatchObject([
    // the new, renamed, touched, locked and newer one; the changed one has a time of which nothing is proven
    { archive: differential.archive, files: 5 },
    { archive: base.archive, files: 37 },
  ]);
  await expectSound(server, report.archive);
  await expectRecovers(server, report.archive);
});

it('reads every n-th full from the store, as the archives themselves tell', async () => {
  const { server } = makeServer();
  const options = { ...REUSES, reuse: { freshEvery: 3 }, keep: 2 };
  const reused: boolean[] = [];

  for (let day = 1; day <= 10; day++) {
    const report = await full(server, day, { ...options, rotates: true });
    reused.push((report.reused?.files ?? 0) > 0);
    await expectSound(server, report.archive);
  }

  const [f, r] = [false, true];
  expect(reused).toEqual([f, r, r, f, r, r, f, r, r, f]);
  const last = await full(server, 11, { ...options, reuse: { freshEvery: 1 } });
  expect(last.reused?.reason).toBe('fresh-every is 1');
  await expectRecovers(server, last.archive);
});

it('takes a differential on top of a full that copied', async () => {
  const { server, msgs } = makeServer();
  await full(server, 1);
  changeMail(msgs);
  const copied = await full(server, 2);
  unlinkSync(join(msgs, '00000008.eml'));
  writeFileSync(join(msgs, '00000009.eml'), message('nine'));
  utimesSync(join(msgs, '00000009.eml'), 1.7e9, 1.7e9);

  const { report } = await backUpAt(server, 'differential', night(3), FRESH);

  expect(report).toMatchObject({
    base: copied.archive.replace('.zip', ''),
    messages: { new: 0, changed: 1, deleted: 1 },
  });
  await expectRecovers(server, report.archive);
});

it('copies for a copy, and takes no copy as its base', async () => {
  const { server } = makeServer();
  const base = await full(server, 1);
  await backUpAt(server, 'copy', night(2), REUSES);

  const { report } = await backUpAt(server, 'copy', night(3), REUSES);

  expect(report.reused?.archives).toMatchObject([{ archive: base.archive }]);
  expect(report.type).toBe('copy');
  await expectRecovers(server, report.archive);
});

/** The place of an entry's record in its archive of one volume. */
async function placeOf(
  server: Installation,
  archive: string,
  name: string,
): Promise<{ header: number; data: number; end: number; central: number }> {
  const files = await findArchiveFiles(storageAt(server.backupDir), archive);
  const [volume] = (await openArchive(files)).volumes;
  if (!volume) throw new Error('no volume');

  const { table } = volume;
  const size = statSync(join(server.backupDir, archive)).size;
  for (let at = 0; at < table.count; at++) {
    if (!table.name(at).endsWith(name)) continue;

    const header = table.headerOffset(at);

    return {
      header,
      data: header + 30 + table.nameLength(at) + 9,
      end: table.extentEnd(at),
      central: size - 22 - table.names.length + table.nameStart(at) - 46,
    };
  }

  throw new Error(`no entry ${name}`);
}

/** Flips a bit of a file. */
function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.of((bytes[at] ?? 0) ^ 0x10), 0, 1, at);
  closeSync(fd);
}

const DAMAGED = '00000014.eml';

it.each([
  ['its data', 'data', 40, 'damaged'],
  ['the signature of its local header', 'header', 1, 'damaged'],
  ['the local date', 'header', 12, 'damaged'],
  ['the local checksum', 'header', 15, 'damaged'],
  ['the local name', 'header', 40, 'damaged'],
  ['the local time in seconds', 'data', -2, 'damaged'],
  ['the central checksum', 'central', 16, 'damaged'],
  ['the central date', 'central', 14, 'damaged'],
  ['the central size', 'central', 25, 'read'],
  ['the central mode', 'central', 40, 'read'],
  ['the central type', 'central', 41, 'read'],
  ['the central name', 'central', 46 + 70, 'read'],
] as const)(
  'never copies a message of which %s rotted',
  async (_, part, offset, outcome) => {
    const { server } = makeServer();
    const base = await full(server, 1);
    const place = await placeOf(server, base.archive, DAMAGED);
    const path = join(server.backupDir, base.archive);
    flip(path, place[part] + offset);

    const report = await full(server, 2);

    const isDamaged = outcome === 'damaged';
    expect(report.reused).toMatchObject({
      files: 41,
      readInstead: isDamaged ? 1 : 0,
    });
    expect(report.issues).toEqual([]);
    expect(report.warnings.filter((text) => text.includes('damaged'))).toEqual(
      isDamaged
        ? [expect.stringMatching(new RegExp(`^${base.archive} is damaged`))]
        : [],
    );
    await expectSound(server, report.archive);
    await expectRecovers(server, report.archive);

    const fresh = await full(server, 3, FRESH);
    expect(await entriesOf(server, report.archive)).toEqual(
      await entriesOf(server, fresh.archive),
    );
  },
);

it('counts an archive no more in which damage showed', async () => {
  const { server } = makeServer();
  const base = await full(server, 1);
  const { data } = await placeOf(server, base.archive, DAMAGED);
  flip(join(server.backupDir, base.archive), data + 40);
  await full(server, 2);

  const { stdout } = await runInProcess('list-archives', [
    server.backupDir,
    '--json',
  ]);

  expect(stdout).toContain('verify found damage');
});

it.each([
  ['is cut off', cutOff, true],
  ['has a broken central directory', breakDirectory, true],
  ['is gone', removeFile, false],
] as const)(
  'reads everything where the full %s, and says so',
  async (_, damage, isFault) => {
    const { server } = makeServer();
    const base = await full(server, 1);
    damage(join(server.backupDir, base.archive));

    const report = await full(server, 2);

    expect(report.reused?.files).toBe(0);
    expect(report.reused?.reason).toMatch(
      isFault ? /cannot be used/ : /no full archive yet/,
    );
    expect(report.warnings).toHaveLength(isFault ? 1 : 0);
    await expectRecovers(server, report.archive);
  },
);

function cutOff(path: string): void {
  truncateSync(path, 3000);
}

function removeFile(path: string): void {
  rmSync(path);
}

function breakDirectory(path: string): void {
  const size = statSync(path).size;
  flip(path, size - 22 - 400);
  flip(path, size - 22 - 401);
  flip(path, size - 18);
}

it.each([
  ['another volume size', { volumeLimitBytes: 1 << 20 }, 'volumes of another'],
  ['no proof', { readsBack: false }, 'is not verified'],
] as const)('reads everything where the full has %s', async (_, first, why) => {
  const { server } = makeServer();
  await full(server, 1, { ...FRESH, ...first });

  const report = await full(server, 2);

  expect(report.reused).toMatchObject({ files: 0 });
  expect(report.reused?.reason).toContain(why);
});

it.each([
  ['goes away', removeFile],
  ['is cut short', cutOff],
])(
  'reads from the store what a full that %s meanwhile does not give',
  async (_, harm) => {
    const { server } = makeServer();
    const base = await full(server, 1);
    let isWhole = true;

    const report = await full(server, 2, {
      ...REUSES,
      // The configuration is packed first, after all was chosen.
      onProgress: ({ phase }) => {
        if (phase === 'writing' && isWhole) {
          harm(join(server.backupDir, base.archive));
          isWhole = false;
        }
      },
    });

    expect(report.reused).toMatchObject({ files: 0, readInstead: 42 });
    expect(report.warnings).toContainEqual(
      expect.stringContaining(`${base.archive} could not be read`),
    );
    await expectSound(server, report.archive);
    await expectRecovers(server, report.archive);
  },
);

it.runIf(canInject).each([
  ['is killed at its first write', 'pwrite64:signal=SIGKILL:when=1'],
  ['is killed later', 'pwrite64:signal=SIGKILL:when=5'],
  ['is killed when it publishes', 'rename:signal=SIGKILL:when=1'],
  ['finds the disk full', 'pwrite64:error=ENOSPC:when=3+'],
])(
  'leaves the archives that it copies out of as they are where it %s',
  async (_, inject) => {
    const { server } = makeServer();
    const base = await full(server, 1);
    const before = readFileSync(join(server.backupDir, base.archive));
    const args = ['--server-dir', server.serverDir, '--reuse', '--no-rotate'];

    const ended = kmsWithFaults(['backup', 'full', ...args], {
      inject: [inject],
    });

    if (inject.includes('ENOSPC')) expectEnd(ended, 14, 'NO_SPACE');
    else expect(wasKilled(ended), said(ended)).toBe(true);

    expect(
      readdirSync(server.backupDir).filter((name) => name.endsWith('.zip')),
    ).toEqual([base.archive]);
    expect(readFileSync(join(server.backupDir, base.archive))).toEqual(before);

    const report = await full(server, 2);
    expect(report.reused?.files).toBe(42);
    await expectRecovers(server, report.archive);
  },
);

it('takes the newest full that is proven', async () => {
  const { server } = makeServer();
  const proven = await full(server, 1, FRESH);
  await full(server, 2, { ...FRESH, readsBack: false });

  const report = await full(server, 3);

  expect(report.reused?.archives).toMatchObject([{ archive: proven.archive }]);
});

it('copies over many small volumes, and parts of split files are read', async () => {
  const { server, msgs } = makeServer({ volumeSizeBytes: 20_000 });
  const big = new Random(3).bytes(50_000);
  writeFileSync(join(msgs, '00000300.eml'), big);
  utimesSync(join(msgs, '00000300.eml'), 1.7e9, 1.7e9);
  const splits = { oversize: 'split' } as const;
  const base = await full(server, 1, { ...REUSES, ...splits });
  expect(base.volumes.length).toBeGreaterThan(5);

  const report = await full(server, 2, { ...REUSES, ...splits });

  expect(report.reused?.files).toBe(42);
  expect(report.split).toHaveLength(1);
  for (const volume of report.volumes) {
    expect(statSync(join(server.backupDir, volume)).size).toBeLessThan(20_001);
  }

  await expectSound(server, report.archive);
  await expectRecovers(server, report.archive);
});

it('copies large files piece by piece, and reads a rotten one from the store', async () => {
  const { server, msgs } = makeServer();
  for (const name of ['00000400.eml', '00000401.eml']) {
    const text = new Random(5).bytes(4_500_000).toString('base64');
    writeFileSync(join(msgs, name), text);
    utimesSync(join(msgs, name), 1.7e9, 1.7e9);
  }

  const base = await full(server, 1);
  const sound = await full(server, 2);
  expect(sound.reused).toMatchObject({ files: 44, readInstead: 0 });
  await expectSound(server, sound.archive);

  const { data } = await placeOf(server, sound.archive, '00000400.eml');
  flip(join(server.backupDir, sound.archive), data + 2_000_000);
  const report = await full(server, 3, { ...REUSES, threads: 2 });

  expect(report.reused).toMatchObject({ files: 43, readInstead: 1 });
  expect(base.sourceBytes).toBe(report.sourceBytes);
  await expectSound(server, report.archive);
  await expectRecovers(server, report.archive);
});

it('compares contents too where it is told to', async () => {
  const { server, msgs } = makeServer();
  await full(server, 1);
  const path = join(msgs, '00000002.eml');
  const { atime, mtime } = statSync(path);
  flip(path, 200);
  utimesSync(path, atime, mtime);

  const report = await full(server, 2, { ...REUSES, usesChecksum: true });

  expect(report.reused?.files).toBe(41);
  await expectRecovers(server, report.archive);
});

it('says in a dry run what it would copy', async () => {
  const { server } = makeServer();
  const base = await full(server, 1);
  const before = readdirSync(server.backupDir);

  const { stdout, exitCode } = await runInProcess('backup:full', [
    '--server-dir',
    server.serverDir,
    '--reuse',
    '--dry-run',
  ]);

  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    new RegExp(
      `^Would reuse 42 files \\(.*\\) out of ${base.archive}\\.$`,
      'm',
    ),
  );
  expect(readdirSync(server.backupDir)).toEqual(before);
});

it('is asked for by kms-backup.ini, and --no-reuse goes before that', async () => {
  const { server } = makeServer();
  writeFileSync(
    join(server.serverDir, 'kms-backup.ini'),
    '[backup]\nreuse = yes\nfresh-every = 2\n',
  );
  const backUp = async (...flags: string[]): Promise<BackupReport> => {
    const args = ['--server-dir', server.serverDir, '--json', '--no-rotate'];
    const { stdout } = await runInProcess('backup:full', [...args, ...flags]);

    return JSON.parse(stdout) as BackupReport;
  };

  await backUp();
  expect((await backUp()).reused?.files).toBe(42);
  expect((await backUp()).reused?.reason).toContain('one of 2 fulls');
  expect((await backUp('--no-reuse')).reused).toBeUndefined();
});

it.each([11, 12, 13])(
  'gives what a fresh full gives, whatever happened before (seed %i)',
  async (seed) => {
    dir = temporaryDirectory('reuse');
    const random = new Random(seed);
    const server = buildInstallation(join(dir, 'server'), {
      store: randomStore(seed, { files: 120 }),
    });

    for (let day = 1; day <= 8; day++) {
      shuffle(server.storeDir, random);
      const type = random.int(0, 2) === 0 ? 'differential' : 'full';
      const { report } = await backUpAt(server, type, night(day), {
        ...REUSES,
        threads: 1 + random.int(0, 1),
        level: random.int(1, 9),
      });

      await expectSound(server, report.archive);
      await expectRecovers(server, report.archive);
    }
  },
);

/** Some files are rewritten, removed, renamed, touched or get other rights. */
function shuffle(storeDir: string, random: Random): void {
  const files = readdirSync(storeDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

  for (const path of files) {
    const seconds = 1_500_000_000 + random.int(0, 1e8) + 0.25;

    switch (random.int(0, 40)) {
      case 0:
        rmSync(path);
        break;

      case 1:
        writeFileSync(path, random.bytes(random.int(0, 5000)));
        utimesSync(path, seconds, seconds);
        break;

      case 2:
        renameSync(
          path,
          `${path.slice(0, path.lastIndexOf('/'))}/moved-${seconds}`,
        );
        break;

      case 3:
        utimesSync(path, seconds, seconds);
        break;

      case 4:
        chmodSync(path, 0o600 + random.int(0, 7));
        break;

      default:
    }
  }
}

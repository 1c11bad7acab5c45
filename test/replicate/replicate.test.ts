import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectStorage } from '../../src/archive/inspect.js';
import type { Storage } from '../../src/archive/storage.js';
import { storageAt } from '../../src/archive/storages.js';
import {
  type MirrorEnd,
  mirrorArchives,
  type MirrorRequest,
} from '../../src/jobs/mirror-archives.js';
import { openServer } from '../../src/jobs/server.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import {
  type Fault,
  MemoryStorage,
  systemError,
} from '../helpers/memory-storage.js';
import { backUpAt, clockFrom } from '../helpers/nights.js';
import { rulesOf } from '../helpers/retention.js';

const FULL = 'F20260101T010000Z.zip';
const DIFFERENTIAL = 'I20260102T010000Z.zip';

let dir: string;
let away: string;
let server: Installation;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kms-replicate-'));
  away = join(dir, 'away');
  mkdirSync(away);
  server = buildInstallation(join(dir, 'server'));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

const zips = (path: string): string[] =>
  readdirSync(path).filter((name) => !name.startsWith('.'));

async function backUpTwice(volumeLimitBytes?: number): Promise<void> {
  const changes = volumeLimitBytes === undefined ? {} : { volumeLimitBytes };
  await backUpAt(server, 'full', '2026-01-01T01:00:00Z', changes);
  await backUpAt(server, 'differential', '2026-01-02T01:00:00Z', changes);
}

function replicate(
  storage: Storage = storageAt(away),
  changes: Partial<MirrorRequest> & { last?: number } = {},
): Promise<MirrorEnd> {
  const { last, ...rest } = changes;

  return mirrorArchives({
    source: storageAt(server.backupDir),
    mirror: {
      storage,
      retention: last === undefined ? undefined : rulesOf({ last }),
      isUsual: true,
    },
    server: openServer({ 'server-dir': server.serverDir }),
    isNewTarget: false,
    keepsDifferentials: false,
    rotates: true,
    isDryRun: false,
    lockWaitMs: 0,
    clock: clockFrom('2026-02-01T01:00:00Z'),
    ...rest,
  });
}

const actionsOf = ({ report }: MirrorEnd): string[] =>
  report.archives.map(({ archive, action }) => `${action} ${archive}`);

const memoryWith = (fault: Fault): MemoryStorage =>
  new MemoryStorage(undefined, fault);

/** The volumes of the full, each small. */
async function manyVolumes(): Promise<string[]> {
  for (let at = 0; at < 12; at++) {
    const text = Array.from({ length: 2500 }, () => Math.random()).join(' ');
    writeFileSync(join(server.storeDir, `mail/file-${String(at)}`), text);
  }

  await backUpTwice(65_536);

  return zips(server.backupDir).filter((name) => name.startsWith('F'));
}

describe('archives are copied to a directory', () => {
  it('the full before its differential, and proven and recorded there', async () => {
    await backUpTwice();
    const before = readFileSync(join(server.backupDir, FULL));

    expect(actionsOf(await replicate())).toEqual([
      `copied ${FULL}`,
      `copied ${DIFFERENTIAL}`,
    ]);

    expect(zips(away)).toEqual([FULL, DIFFERENTIAL]);
    expect(readFileSync(join(away, FULL))).toEqual(before);
    expect(zips(server.backupDir)).toEqual([FULL, DIFFERENTIAL]);
    const states = await inspectStorage(storageAt(away));
    expect(
      states.map(({ isRecoverable, verifiedAt }) => [
        isRecoverable,
        verifiedAt !== undefined,
      ]),
    ).toEqual([
      [true, true],
      [true, true],
    ]);
  });

  it('once: a second run writes nothing', async () => {
    await backUpTwice();
    await replicate();
    const { mtimeMs, ino } = statSync(join(away, FULL));

    expect(actionsOf(await replicate())).toEqual([
      `there ${FULL}`,
      `there ${DIFFERENTIAL}`,
    ]);
    expect(statSync(join(away, FULL))).toMatchObject({ mtimeMs, ino });
  });

  it('and a dry run changes nothing', async () => {
    await backUpTwice();
    const end = await replicate(storageAt(away), { isDryRun: true });

    expect(actionsOf(end)).toEqual([`copy ${FULL}`, `copy ${DIFFERENTIAL}`]);
    expect(readdirSync(away)).toEqual([]);
  });

  it('by volume: those that a run which died has copied are not written again', async () => {
    const volumes = await manyVolumes();
    expect(volumes.length).toBeGreaterThan(3);
    const there = volumes.filter((name) => name !== FULL).slice(0, 2);
    for (const name of there) {
      copyFileSync(join(server.backupDir, name), join(away, name));
    }

    writeFileSync(join(away, `${FULL}.part`), 'half a volume');
    const inodes = there.map((name) => statSync(join(away, name)).ino);

    await replicate();
    expect(there.map((name) => statSync(join(away, name)).ino)).toEqual(inodes);
    expect(zips(away)).toEqual(zips(server.backupDir));
  });

  it('with the first volume last, whatever call fails; the next run goes on', async () => {
    await manyVolumes();
    for (let failing = 1; ; failing++) {
      let calls = 0;
      const storage = memoryWith((call, name) => {
        if (!['create', 'write', 'close', 'publish'].includes(call)) return;
        if (++calls === failing) throw systemError('EIO', call, name);
      });

      const failed = await replicate(storage).catch((error: unknown) => error);
      if (calls < failing) break;
      expect(failed).toMatchObject({ errno: 'EIO' });
      const states = await inspectStorage(storage);
      for (const { facts, isRecoverable } of states) {
        const isThere = facts.files.missingVolumes.length === 0;
        expect(isRecoverable).toBe(isThere);
      }

      const { report } = await replicate(storage);
      expect(report.archives.every(({ action }) => action !== 'left')).toBe(
        true,
      );
    }
  });
});

describe('what is not copied', () => {
  it('is a damaged archive, and what needs it; others are', async () => {
    await backUpTwice();
    await backUpAt(server, 'copy', '2026-01-03T01:00:00Z');
    const path = join(server.backupDir, FULL);
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(400) ^ 1, 400);
    writeFileSync(path, bytes);

    const { report } = await replicate();
    expect(report.archives).toMatchObject([
      { action: 'copied', archive: 'C20260103T010000Z.zip' },
      { action: 'left', archive: FULL, code: 'DAMAGED_ARCHIVE' },
      {
        action: 'left',
        archive: DIFFERENTIAL,
        reason: `${FULL}, which it needs, is not there`,
      },
    ]);
    expect(zips(away)).toEqual(['C20260103T010000Z.zip']);
  });

  it('is an archive that nobody has verified', async () => {
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', {
      readsBack: false,
    });

    const { report } = await replicate();
    expect(report.archives).toMatchObject([
      { action: 'left', reason: 'it is not verified; run verify' },
    ]);
    expect(zips(away)).toEqual([]);
  });

  it('is damage that came after a verify which recorded no checksums', async () => {
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    const record = join(server.backupDir, '.kms-backup-verified.json');
    const text = readFileSync(record, 'utf8');
    writeFileSync(record, text.replace(/"volumeCrcs": \[[^\]]*\]/, '"x": 1'));
    expect(actionsOf(await replicate())).toEqual([`copied ${FULL}`]);

    rmSync(join(away, FULL));
    const path = join(server.backupDir, FULL);
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(400) ^ 1, 400);
    writeFileSync(path, bytes);
    const { report } = await replicate();
    expect(report.archives).toMatchObject([
      { action: 'left', code: 'DAMAGED_ARCHIVE' },
    ]);
    expect(zips(away)).toEqual([]);
  });

  it('is what would replace another file of that name', async () => {
    await backUpTwice();
    writeFileSync(join(away, FULL), 'somebody else');

    const { report } = await replicate();
    expect(report.archives.map(({ action }) => action)).toEqual([
      'left',
      'left',
    ]);
    expect(readFileSync(join(away, FULL), 'utf8')).toBe('somebody else');
  });

  it('nor does a copy that has gone bad count as one', async () => {
    await backUpTwice();
    await replicate();
    rmSync(join(away, '.kms-backup-verified.json'));
    const path = join(away, FULL);
    const { size } = statSync(path);
    truncateSync(path, size - 1);
    appendFileSync(path, 'x');

    const { report } = await replicate();
    expect(report.archives).toMatchObject([
      { action: 'left', archive: FULL, code: 'FAILED' },
      { action: 'left', archive: DIFFERENTIAL },
    ]);
  });
});

describe('a target', () => {
  it('that is away ends the run', async () => {
    await backUpTwice();
    rmSync(away, { recursive: true });

    await expect(replicate()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('that is full ends the run, and keeps what is complete', async () => {
    await backUpTwice();
    let created = 0;
    const storage = memoryWith((call, name) => {
      if (call === 'create') created++;
      if (call === 'write' && created === 2) {
        throw systemError('ENOSPC', call, name);
      }
    });

    await expect(replicate(storage)).rejects.toMatchObject({
      code: 'NO_SPACE',
    });
    const states = await inspectStorage(storage);
    expect(states.map(({ facts }) => facts.files.stem)).toEqual([
      'F20260101T010000Z',
    ]);
  });

  it('keeps its own number of complete backups, whatever the source keeps', async () => {
    await backUpTwice();
    await replicate(storageAt(away), { last: 1 });
    await backUpAt(server, 'full', '2026-01-03T01:00:00Z');

    const { rotation } = await replicate(storageAt(away), { last: 1 });
    expect(rotation?.verdicts.map(({ action }) => action)).toEqual([
      'remove',
      'remove',
      'keep',
    ]);
    expect(zips(away)).toEqual(['F20260103T010000Z.zip']);
    expect(zips(server.backupDir)).toHaveLength(3);

    // What is over its limit is not copied again.
    const again = await replicate(storageAt(away), { last: 1 });
    expect(actionsOf(again)).toEqual(['there F20260103T010000Z.zip']);
  });

  it('without a limit loses nothing', async () => {
    await backUpTwice();
    await replicate();
    for (const name of zips(server.backupDir)) {
      rmSync(join(server.backupDir, name));
    }

    await backUpAt(server, 'full', '2026-01-03T01:00:00Z');
    await replicate();
    expect(zips(away)).toHaveLength(3);
  });

  it.each<[string, () => string]>([
    ['the backup directory', () => join(server.backupDir, '.')],
    ['below the backup directory', () => join(server.backupDir, 'away')],
    ['in the mail store', () => join(server.storeDir, 'away/new')],
    ['in the mail store, by a link', () => join(dir, 'link', 'away')],
    ["on the mail's own disk", () => join(dir, 'mail-disk', 'away')],
  ])('is not %s', async (_, place) => {
    await backUpTwice();
    symlinkSync(server.storeDir, join(dir, 'link'));
    renameSync(join(server.storeDir, 'mail'), join(dir, 'mail-disk'));
    symlinkSync(join(dir, 'mail-disk'), join(server.storeDir, 'mail'));

    await expect(replicate(storageAt(place()))).rejects.toMatchObject({
      code: 'USAGE',
      exitCode: 2,
    });
  });

  it('may hold the backup directory, and lie beside the store', async () => {
    await backUpTwice();
    mkdirSync(`${server.storeDir}-copies`);

    for (const place of [dir, `${server.storeDir}-copies`]) {
      expect(actionsOf(await replicate(storageAt(place)))).toContain(
        `copied ${FULL}`,
      );
    }
  });

  it('is logged in at before anything there is looked at', async () => {
    await backUpTwice();
    const reach = async (place: Storage): Promise<void> => {
      expect(place.localDirectory).toBe(join(dir, 'share'));
      await rename(away, join(dir, 'share'));
    };

    const end = await replicate(storageAt(join(dir, 'share')), { reach });
    expect(actionsOf(end)).toContain(`copied ${FULL}`);
  });

  it('is locked while archives are copied', async () => {
    await backUpTwice();
    const lock = await storageAt(away).lock.take({
      command: 'backup full',
      clock: clockFrom('2026-02-01T01:00:00Z'),
    });

    await expect(replicate()).rejects.toMatchObject({ code: 'LOCKED' });
    lock.release();
  });
});

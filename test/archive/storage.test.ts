import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listArchiveFiles } from '../../src/archive/backup-directory.js';
import { inspectStorage } from '../../src/archive/inspect.js';
import { localStorage } from '../../src/archive/local-storage.js';
import { requireFeature, type Storage } from '../../src/archive/storage.js';
import { sweepTemporaries } from '../../src/archive/sweep.js';
import { readVerifiedRecord } from '../../src/archive/verified-record.js';
import { verifyArchive } from '../../src/archive/verify.js';
import { LockedError, NotFoundError, UsageError } from '../../src/errors.js';
import { systemClock } from '../../src/platform/clock.js';
import { onStep } from '../../src/platform/steps.js';
import { limitPolicy } from '../../src/rotate/choose-policy.js';
import { runRotate } from '../../src/rotate/run-rotate.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { MemoryStorage, systemError } from '../helpers/memory-storage.js';
import { backUpAt } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

const FIRST = 'F20260101T010000Z';
const ALL = (): boolean => true;

let dir: string;

beforeEach(() => {
  dir = temporaryDirectory('storage');
});

afterEach(() => {
  removeTemporary(dir);
});

const storages: [kind: string, open: () => Storage][] = [
  [
    'a directory of a disk',
    () => {
      mkdirSync(join(dir, 'backup'), { recursive: true });
      return localStorage(join(dir, 'backup'));
    },
  ],
  ['memory', () => new MemoryStorage()],
];

async function write(
  storage: Storage,
  name: string,
  text: string,
): Promise<void> {
  const file = storage.create(name);
  file.write(Buffer.from(text), 0);
  await file.close();
}

async function read(storage: Storage, name: string): Promise<string> {
  const source = await storage.openForRanges(name);
  try {
    return (await source.read(0, source.sizeBytes)).toString();
  } finally {
    source.close();
  }
}

const namesIn = async (storage: Storage): Promise<string[]> =>
  (await storage.list(ALL)).map(({ name }) => name).sort();

describe.each(storages)('a storage that is %s', (_, open) => {
  let storage: Storage;

  beforeEach(() => {
    storage = open();
  });

  it('lists what is wanted, with sizes and times', async () => {
    await write(storage, 'a.zip', 'four');
    await write(storage, 'b.txt', '');
    const listed = await storage.list((name) => name.endsWith('.zip'));
    expect(listed).toEqual([
      {
        name: 'a.zip',
        kind: 'file',
        sizeBytes: 4,
        mtimeMs: expect.any(Number) as number,
      },
    ]);
    expect(await storage.stat('a.zip')).toEqual(listed[0]);
    expect(await storage.stat('c.zip')).toBeUndefined();
  });

  it('writes at positions, and over what was left out', async () => {
    const file = storage.create('a.zip.part');
    file.write(Buffer.from('....data'), 0);
    file.write(Buffer.from('head'), 0);
    file.flush();
    await file.close();
    expect(await read(storage, 'a.zip.part')).toBe('headdata');
  });

  it('takes back what was written last, of a closed file too', async () => {
    const file = storage.create('a.zip.part');
    file.write(Buffer.from('kept and not'), 0);
    file.truncate(8);
    await file.close();
    file.truncate(4);
    file.write(Buffer.from('!'), 4);
    await file.close();
    expect(await read(storage, 'a.zip.part')).toBe('kept!');
  });

  it('creates nothing where something is', async () => {
    await write(storage, 'a.zip.part', 'x');
    expect(() => storage.create('a.zip.part')).toThrow(
      expect.objectContaining({ code: 'EEXIST' }) as Error,
    );
  });

  it('publishes in place of what has the name, and syncs', async () => {
    await write(storage, 'a.zip.part', 'new');
    await write(storage, 'a.zip', 'old');
    await storage.publish('a.zip.part', 'a.zip', undefined);
    await storage.sync();
    expect(await namesIn(storage)).toEqual(['a.zip']);
    expect(await read(storage, 'a.zip')).toBe('new');
    await expect(
      storage.publish('b.zip.part', 'b.zip', undefined),
    ).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('reads ranges, waited for or at once, and never half of one', async () => {
    await write(storage, 'a.zip', '0123456789');
    const source = await storage.openForRanges('a.zip', 'A');
    const into = Buffer.alloc(3);
    source.readInto(into, 7);
    expect(into.toString()).toBe('789');
    expect((await source.read(2, 3)).toString()).toBe('234');
    expect(source).toMatchObject({ name: 'A', sizeBytes: 10 });
    const fault = 'the file ends at byte 10, 11 were expected';
    await expect(source.read(8, 3)).rejects.toThrow(fault);
    expect(() => {
      source.readInto(into, 8);
    }).toThrow(fault);
    source.close();
  });

  it('removes what is there, and what is not', async () => {
    await write(storage, 'a.zip', 'x');
    await storage.remove('a.zip');
    await storage.remove('a.zip');
    expect(await namesIn(storage)).toEqual([]);
    await expect(storage.openForRanges('a.zip')).rejects.toMatchObject({
      code: 'ENOENT',
      syscall: 'open',
    });
  });

  it('keeps a record, and says what of it can be understood', async () => {
    const parse = (json: unknown): string | undefined =>
      typeof json === 'string' ? json : undefined;
    const stateOf = async (): Promise<unknown> =>
      storage.readRecord('.record.json', parse);
    expect(await stateOf()).toEqual({ state: 'absent' });
    await storage.replaceRecord('.record.json', '"one"');
    await storage.replaceRecord('.record.json', '"two"');
    expect(await stateOf()).toEqual({ state: 'sound', value: 'two' });
    await storage.replaceRecord('.record.json', '2');
    expect(await stateOf()).toMatchObject({ state: 'junk' });
    await storage.replaceRecord('.record.json', '');
    expect(await stateOf()).toMatchObject({ state: 'junk' });
  });

  it('has one lock', async () => {
    const options = { command: 'rotate', clock: systemClock };
    expect(storage.lock.sight(systemClock)).toBeUndefined();
    const lock = await storage.lock.take(options);
    await expect(storage.lock.take(options)).rejects.toThrow(LockedError);
    expect(storage.lock.sight(systemClock)?.fact).toContain('rotate');
    expect(() => {
      storage.lock.refuseWhileHeld();
    }).toThrow(LockedError);
    lock.release();
    expect(storage.lock.sight(systemClock)).toBeUndefined();
    (await storage.lock.take(options)).release();
  });

  it('tells how it stands, and is the same as itself alone', async () => {
    await storage.prepare(false);
    expect(await storage.standing()).toMatchObject({
      state: 'there',
      canBeListed: true,
      writeFault: undefined,
    });
    const space = await storage.freeSpace();
    expect(space === undefined || space.freeBytes > 0).toBe(true);
    expect(storage.pathOf('a.zip')).toContain(storage.name);
    expect(new MemoryStorage().identity).not.toBe(storage.identity);
  });

  it('is a whole backup directory when it is empty', async () => {
    expect(await listArchiveFiles(storage)).toEqual([]);
    expect(await inspectStorage(storage)).toEqual([]);
    expect(await readVerifiedRecord(storage)).toEqual(new Map());
    expect(await sweepTemporaries(storage)).toEqual({
      removed: [],
      warnings: [],
      archives: [],
    });
    const rotation = await runRotate({
      storage,
      policy: limitPolicy(1, false),
      isDryRun: true,
      lockWaitMs: 0,
      clock: systemClock,
    });
    expect(rotation).toMatchObject({ left: [], report: { verdicts: [] } });
  });
});

describe('a directory as a storage', () => {
  it('follows links to files, and takes no other link for a file or a directory', async () => {
    const backup = join(dir, 'backup');
    mkdirSync(join(backup, 'd.zip'), { recursive: true });
    writeFileSync(join(dir, 'elsewhere'), 'five!');
    symlinkSync(join(dir, 'elsewhere'), join(backup, 'a.zip'));
    symlinkSync(join(dir, 'nowhere'), join(backup, 'b.zip'));
    symlinkSync(join(backup, 'd.zip'), join(backup, 'c.zip'));
    symlinkSync(join(backup, 'e.zip'), join(backup, 'e.zip'));
    const listed = await localStorage(backup).list(ALL);
    const kinds = listed.map(({ name, kind, sizeBytes }) => [
      name,
      kind,
      sizeBytes,
    ]);
    expect(kinds.sort()).toEqual([
      ['a.zip', 'file', 5],
      ['b.zip', 'other', 0],
      ['c.zip', 'other', 0],
      ['d.zip', 'directory', 0],
      ['e.zip', 'other', 0],
    ]);
  });

  it('says that it is not there', async () => {
    const missing = localStorage(join(dir, 'missing', 'backup'));
    await expect(missing.list(ALL)).rejects.toThrow(NotFoundError);
    await expect(missing.prepare(true)).rejects.toThrow(NotFoundError);
    expect(await missing.standing()).toMatchObject({
      state: 'missing',
      canBeMade: false,
    });
  });
});

describe('a storage that lacks a feature', () => {
  it('is refused by whoever needs it', async () => {
    const storage = new MemoryStorage({
      renames: false,
      truncates: true,
      syncs: false,
      rangesAtOnce: true,
    });
    expect(() => {
      requireFeature(storage, 'renames');
    }).toThrow(UsageError);
    const server = buildInstallation(dir);
    await expect(
      backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage }),
    ).rejects.toThrow(`${storage.name} cannot rename files`);
    expect(storage.files.size).toBe(0);
  });
});

describe('backups into a second kind of storage', () => {
  let server: Installation;

  beforeEach(() => {
    server = buildInstallation(dir);
  });

  it('are written, read back, recorded, rotated and verified as on a disk', async () => {
    const storage = new MemoryStorage();
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    await backUpAt(server, 'differential', '2026-01-02T01:00:00Z', { storage });
    const { rotation } = await backUpAt(
      server,
      'full',
      '2026-01-03T01:00:00Z',
      { storage, keep: 1 },
    );
    expect(rotation?.verdicts.map(({ action }) => action)).toEqual([
      'remove',
      'remove',
      'keep',
    ]);
    const states = await inspectStorage(storage);
    expect(
      states.map(({ facts, isRecoverable, verifiedAt }) => [
        facts.files.stem,
        isRecoverable,
        verifiedAt !== undefined,
      ]),
    ).toEqual([['F20260103T010000Z', true, true]]);
    for (const { facts } of states) {
      expect(await verifyArchive(facts.files, {})).toMatchObject({
        isSound: true,
      });
    }
  });

  it('leave nothing where it fails at any call', async () => {
    const calls: string[] = [];
    const watched = new MemoryStorage(undefined, (call) => {
      calls.push(call);
    });
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', {
      storage: watched,
      rotates: false,
    });
    const first = calls.indexOf('create');
    const last = calls.indexOf('publish');
    expect(first).toBeGreaterThan(0);
    expect(last).toBeGreaterThan(first);
    for (let failing = first; failing <= last; failing++) {
      let call = 0;
      const storage = new MemoryStorage(undefined, (what, name) => {
        if (call++ === failing) throw systemError('EIO', what, name);
      });
      await expect(
        backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage }),
        `call ${String(failing)}: ${String(calls[failing])}`,
      ).rejects.toMatchObject({ code: 'IO_ERROR' });
      expect([...storage.files.keys()]).toEqual([]);
    }
  });
});

describe('a night with a differential, rotation and report', () => {
  const nights = async (storage: Storage): Promise<void> => {
    const server = buildInstallation(dir);
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    await backUpAt(server, 'full', '2026-01-02T01:00:00Z', { storage });
    listings.length = 0;
    await backUpAt(server, 'differential', '2026-01-03T01:00:00Z', {
      storage,
      keep: 1,
    });
  };

  const listings: string[] = [];

  it('lists its storage three times: under the lock of the backup, and twice under that of the rotation; and for pins: twice of what goes, once of what is gone', async () => {
    const storage = new MemoryStorage(undefined, (call) => {
      if (call === 'list') listings.push(call);
    });
    await nights(storage);
    expect(listings).toHaveLength(6);
  });

  it('lists the archives of a directory as often, and once to know whether it is the right disk', async () => {
    const storage = localStorage(join(dir, 'nights'));
    const forget = onStep((what) => {
      if (what === `archives of ${storage.name}`) listings.push(what);
    });
    mkdirSync(storage.name);
    await nights(storage);
    forget();
    expect(listings).toHaveLength(4);
  });
});

describe('a listing that lacks what the run published', () => {
  it('removes nothing', async () => {
    const server = buildInstallation(dir);
    const storage = new MemoryStorage();
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    await expect(
      runRotate({
        storage,
        policy: limitPolicy(1, false),
        isDryRun: false,
        expects: 'F20260102T010000Z.zip',
        lockWaitMs: 0,
        clock: systemClock,
      }),
    ).rejects.toThrow(`the listing of ${storage.name} lacks`);
    expect([...storage.files.keys()]).toContain(`${FIRST}.zip`);
  });
});

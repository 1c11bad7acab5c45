/** Writes down beside the archives that one of them was drilled. */
import { identityOf, listArchiveFiles } from '../archive/backup-directory.js';
import {
  readVerifiedRecord,
  recordVerified,
  type VerifiedEntry,
} from '../archive/verified-record.js';
import type { DrillReport } from '../drill/report.js';
import { errnoOf, LockedError, messageOf } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import type { DrilledPoint } from './drilled-point.js';

/**
 * A drill of everything proves its archive, as a verify does, but not the full below it, of which not every entry is of the
 * point. One of some mailboxes proves these: the archive stays proven as it was.
 * @returns warnings: a directory that cannot be written keeps its old record
 */
export async function recordDrill(
  point: DrilledPoint,
  report: Pick<DrillReport, 'drilled' | 'isWhole' | 'recovered'>,
): Promise<string[]> {
  const { storage } = point.from;

  try {
    return await recordUnderLock(point, report);
  } catch (error) {
    if (!(error instanceof LockedError) && errnoOf(error) === undefined) {
      throw error;
    }

    return [
      `the drill could not be recorded in ${storage.name}: ${messageOf(error)}`,
    ];
  }
}

async function recordUnderLock(
  { from, chain }: DrilledPoint,
  report: Pick<DrillReport, 'drilled' | 'isWhole' | 'recovered'>,
): Promise<string[]> {
  const { storage } = from;
  const { files } = chain.point.facts;
  const lock = await storage.lock.take({
    command: 'drill',
    clock: systemClock,
  });

  try {
    const present = await listArchiveFiles(storage);
    const own = present.find(({ stem }) => stem === files.stem);
    // It may have gone meanwhile, or be another one.
    if (!own || identityOf(own) !== identityOf(files)) return [];

    const known = (await readVerifiedRecord(storage)).get(files.stem);
    const base = known?.sizeBytes === own.sizeBytes ? known : undefined;
    const entry = entryFor(report, base, own.sizeBytes);
    if (!entry) {
      return [
        `${files.stem}.zip was never verified, so that the drill of some of it is not recorded: run verify`,
      ];
    }

    await recordVerified(
      storage,
      new Map([[files.stem, entry]]),
      new Set(present.map(({ stem }) => stem)),
    );

    return [];
  } finally {
    lock.release();
  }
}

/** Undefined where a part of an archive was drilled of which nothing is known as a whole. */
function entryFor(
  { isWhole, drilled, recovered }: Parameters<typeof recordUnderLock>[1],
  known: VerifiedEntry | undefined,
  sizeBytes: number,
): VerifiedEntry | undefined {
  const at = systemClock().toISOString();
  if (!isWhole) {
    return known && { ...known, drilled: { at, mailboxes: drilled.length } };
  }

  const { volumeCrcs } = known ?? {};

  return {
    at,
    isSound: true,
    sizeBytes,
    entries: recovered.files,
    ...(volumeCrcs ? { volumeCrcs } : {}),
    by: 'drill',
    drilled: { at },
  };
}

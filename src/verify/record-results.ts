/** What a verify has proven, written down beside the archives. */
import {
  type ArchiveFiles,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import { parseVolumeName } from '../archive/names.js';
import type { Storage } from '../archive/storage.js';
import {
  readVerifiedRecord,
  recordable,
  recordVerified,
  type VerifiedEntry,
  type VerifiedRecord,
} from '../archive/verified-record.js';
import type { VerifyReport } from '../archive/verify.js';
import { errnoOf, LockedError, messageOf } from '../errors.js';
import type { Clock } from '../platform/clock.js';

interface RecordRequest {
  readonly place: { readonly storage: Storage };
  readonly clock: Clock;
  /** Nothing is proven by a look at the structure. */
  readonly isQuick?: boolean | undefined;
  /** Told before the first byte is written. */
  beforeRecord?(): void;
}

/** Of an archive its own: its base has a record, and may come back. */
function toRecord(
  report: VerifyReport,
  files: ArchiveFiles,
  at: string,
): VerifiedEntry {
  const { sizeBytes } = files;
  const { isIntact, entries, fault } = report;
  const damage = recordable(files, report.damage);
  const by = 'verify';
  if (isIntact) return { at, isSound: true, sizeBytes, entries, by };

  const isElsewhere = damage.length > 0 || report.problems.length > 0;

  return {
    at,
    isSound: false,
    sizeBytes,
    entries,
    damage,
    by,
    ...(isElsewhere ? {} : { fault }),
  };
}

/** A directory that cannot be written, or that a backup is working in, keeps its old record. */
export async function record(
  request: RecordRequest,
  archives: readonly ArchiveFiles[],
  reports: readonly VerifyReport[],
): Promise<string[]> {
  if (request.isQuick === true) return [];

  const { storage } = request.place;
  const known = await readVerifiedRecord(storage);
  const at = request.clock().toISOString();
  const { proven, warnings } = judge(archives, reports, { known, at });

  if (proven.size === 0) return warnings;

  request.beforeRecord?.();

  try {
    await recordUnderLock(request, storage, proven);

    return warnings;
  } catch (error) {
    if (!(error instanceof LockedError) && errnoOf(error) === undefined) {
      throw error;
    }

    return [
      ...warnings,
      `the result could not be recorded in ${storage.name}: ${messageOf(error)}`,
    ];
  }
}

/** What is to be recorded, and why the rest is not. */
function judge(
  archives: readonly ArchiveFiles[],
  reports: readonly VerifyReport[],
  { known, at }: { readonly known: VerifiedRecord; readonly at: string },
): { proven: Map<string, VerifiedEntry>; warnings: string[] } {
  const proven = new Map<string, VerifiedEntry>();
  const warnings: string[] = [];

  for (const [index, files] of archives.entries()) {
    const { stem } = files;
    const report = reports[index];
    const isNamed = parseVolumeName(`${stem}.zip`) !== undefined;
    if (!report || !isNamed || !isJudged(report)) continue;

    if (isOnlySealed(report) && known.get(stem)?.isSound !== true) {
      warnings.push(
        `${report.archive} is not recorded as verified: it is what somebody sealed, and that it is a backup of this server only --identity tells`,
      );
    } else {
      proven.set(stem, toRecord(report, files, at));
    }
  }

  return { proven, warnings };
}

/** An archive that could not be read this time is neither sound nor damaged: its record stays as it was. */
function isJudged({ unread, isSealed, isIntact }: VerifyReport): boolean {
  return unread.length === 0 && (!isSealed || isIntact);
}

/** Who can write to a bucket can seal a false archive: without a look into it, it counts only where this machine knows it. */
function isOnlySealed({ isSealed, isIntact }: VerifyReport): boolean {
  return isSealed && isIntact;
}

async function recordUnderLock(
  { clock }: RecordRequest,
  storage: Storage,
  proven: ReadonlyMap<string, VerifiedEntry>,
): Promise<void> {
  const lock = await storage.lock.take({ command: 'verify', clock });

  try {
    const present = await listArchiveFiles(storage);

    await recordVerified(
      storage,
      proven,
      new Set(present.map(({ stem }) => stem)),
    );
  } finally {
    lock.release();
  }
}

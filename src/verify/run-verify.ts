import {
  type ArchiveFiles,
  findArchiveFiles,
  findIndexFault,
  listArchiveFiles,
  withoutIndex,
} from '../archive/backup-directory.js';
import type { Storage } from '../archive/storage.js';
import type { ArchivePlace } from '../archive/storages.js';
import { archiveName, parseVolumeName } from '../archive/names.js';
import {
  readVerifiedRecord,
  recordable,
  recordVerified,
  type VerifiedEntry,
  type VerifiedRecord,
} from '../archive/verified-record.js';
import {
  type VerifyOptions,
  type VerifyReport,
  verifyArchive,
} from '../archive/verify.js';
import { errnoOf, LockedError, messageOf, NotFoundError } from '../errors.js';
import { noteRun } from '../history/run-notes.js';
import type { Clock } from '../platform/clock.js';
import { addChainFault, type VerifiedBeside } from './chain-fault.js';
import { orderForVerify } from './plan-verify.js';
import { TimeLimit } from './time-limit.js';

export interface VerifyRequest extends VerifyOptions {
  readonly place: ArchivePlace;
  readonly clock: Clock;
  /** Only archives that no verify, and no drill of everything, has found sound. */
  readonly onlyUnverified?: boolean | undefined;
  /** No further work is begun after this time. */
  readonly limitMs?: number | undefined;
  /** Told after each archive. */
  onArchive?(report: VerifyReport): void;
  /** Told before the first byte is written: until then a run may end anywhere. */
  beforeRecord?(): void;
}

export interface VerifyEnd {
  readonly reports: readonly VerifyReport[];
  /** Archives that the time was too short for: nothing new is known of them. */
  readonly left: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Reads every byte of every archive, as recover would, and records what was proven beside them: after each archive, where there
 * is not time for all.
 * @throws {NotFoundError} when there is nothing to verify
 */
export async function runVerify(request: VerifyRequest): Promise<VerifyEnd> {
  const { storage, fileName } = request.place;

  const archives =
    fileName === undefined
      ? await listArchiveFiles(storage)
      : [await findArchiveFiles(storage, fileName)];

  if (archives.length === 0) {
    throw new NotFoundError(`there is no archive in ${storage.name}`, {
      hints: ['Name the directory that holds F….zip.'],
    });
  }

  noteRun({ place: storage.name });

  const end = await verifyAll(request, archives);
  noteProofs(end);

  return end;
}

async function verifyAll(
  request: VerifyRequest,
  archives: readonly ArchiveFiles[],
): Promise<VerifyEnd> {
  const { storage, fileName } = request.place;
  const wanted = await chooseArchives(request, archives);
  const limit = new TimeLimit(request.limitMs, request.signal);
  const limited = { ...request, signal: limit.signal };
  const reports: VerifyReport[] = [];
  const warnings = new Set<string>();
  const listed =
    fileName === undefined ? archives.map(withoutIndex) : undefined;
  const recordSome = async (
    some: readonly ArchiveFiles[],
    own: readonly VerifyReport[],
  ): Promise<void> => {
    if (request.isQuick) return;

    const faults = await record(request, storage, some, own);
    for (const fault of faults) warnings.add(fault);
  };

  try {
    for (const files of wanted) {
      const beside = { storage, listed, earlier: reports };
      const report = await verifyInTime(files, limited, beside, limit);
      if (!report) break;

      reports.push(report);
      if (isLimited(request)) await recordSome([files], [report]);
      request.onArchive?.(report);
    }
  } finally {
    limit.end();
  }

  if (!isLimited(request)) await recordSome(wanted, reports);

  return {
    reports,
    left: wanted.slice(reports.length).map(({ stem }) => archiveName(stem)),
    warnings: [...warnings],
  };
}

function isLimited({ limitMs, onlyUnverified }: VerifyRequest): boolean {
  return limitMs !== undefined || onlyUnverified === true;
}

/** All, in their order; where there may not be time for all, what is least proven comes first. */
async function chooseArchives(
  request: VerifyRequest,
  archives: readonly ArchiveFiles[],
): Promise<readonly ArchiveFiles[]> {
  if (!isLimited(request)) return archives;

  const record = await readVerifiedRecord(request.place.storage);

  return orderForVerify(archives, record, request.onlyUnverified === true);
}

/** Undefined where the time is over. */
async function verifyInTime(
  files: ArchiveFiles,
  request: VerifyRequest,
  beside: VerifiedBeside,
  limit: TimeLimit,
): Promise<VerifyReport | undefined> {
  try {
    if (limit.isOver()) return undefined;

    const report = await verifyFiles(files, request);
    // What was cut off in the middle is no report.
    if (limit.isOver()) return undefined;

    return await addChainFault(report, withoutIndex(files), beside);
  } catch (error) {
    if (limit.isOver()) return undefined;

    throw error;
  }
}

function noteProofs({ reports, warnings }: VerifyEnd): void {
  const proven = reports
    .filter(({ isSound, isComplete }) => isSound && isComplete)
    .map(({ archive }) => ({ archive, by: 'verify' as const }));

  noteRun({ proven, warnings: warnings.length });
}

/** Reads the volumes themselves, and says where their index has other bytes. */
async function verifyFiles(
  files: ArchiveFiles,
  request: VerifyRequest,
): Promise<VerifyReport> {
  const report = await verifyArchive(withoutIndex(files), request);
  const isLookedInto = report.isIntact && !report.isSealed;
  if (!isLookedInto || !report.isComplete) return report;

  const fault = await findIndexFault(files);
  if (fault === undefined) return report;

  return { ...report, warnings: [...report.warnings, fault] };
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
async function record(
  request: VerifyRequest,
  storage: Storage,
  archives: readonly ArchiveFiles[],
  reports: readonly VerifyReport[],
): Promise<string[]> {
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
  { clock }: VerifyRequest,
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

import {
  type ArchiveFiles,
  findArchiveFiles,
  findIndexFault,
  listArchiveFiles,
  withoutIndex,
} from '../archive/backup-directory.js';
import type { ArchivePlace } from '../archive/storages.js';
import { archiveName } from '../archive/names.js';
import { mayBeUnfinished } from '../archive/unfinished.js';
import { readVerifiedRecord } from '../archive/verified-record.js';
import {
  type VerifyOptions,
  type VerifyReport,
  verifyArchive,
} from '../archive/verify.js';
import { NotFoundError } from '../errors.js';
import { noteRun } from '../history/run-notes.js';
import type { Clock } from '../platform/clock.js';
import { addChainFault, type VerifiedBeside } from './chain-fault.js';
import { orderForVerify } from './plan-verify.js';
import { record } from './record-results.js';
import { TimeLimit } from './time-limit.js';

export interface VerifyRequest extends VerifyOptions {
  readonly place: ArchivePlace;
  readonly clock: Clock;
  /** Only archives that no verify, and no drill of everything, has found sound. */
  readonly onlyUnverified?: boolean | undefined;
  /** No further work is begun after this time. */
  readonly limitMs?: number | undefined;
  /** Says whether a mail server runs here, which may be writing an archive. */
  readonly isServerAtWork?: (() => Promise<boolean>) | undefined;
  /** Told after each archive. */
  onArchive?(report: VerifyReport): void;
  /** Told before the first byte is written: until then a run may end anywhere. */
  beforeRecord?(): void;
}

export interface VerifyEnd {
  readonly reports: readonly VerifyReport[];
  /** Archives that the time was too short for: nothing new is known of them. */
  readonly left: readonly string[];
  /** Archives that the mail server may still be writing: nothing is said of them. */
  readonly unfinished: readonly string[];
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

  return verifyAll(request, archives);
}

async function verifyAll(
  request: VerifyRequest,
  archives: readonly ArchiveFiles[],
): Promise<VerifyEnd> {
  const { storage, fileName } = request.place;
  const wanted = await chooseArchives(request, archives);
  const limit = new TimeLimit(request.limitMs, request.signal);
  const limited = { ...request, signal: limit.signal };
  const startedAt = request.clock();
  const found: Found = { judged: [], reports: [], unfinished: [] };
  const warnings = new Set<string>();
  const listed =
    fileName === undefined ? archives.map(withoutIndex) : undefined;
  const recordSome = async (
    some: readonly ArchiveFiles[],
    own: readonly VerifyReport[],
  ): Promise<void> => {
    for (const fault of await record(request, some, own)) warnings.add(fault);
  };

  try {
    for (const files of wanted) {
      const beside = { storage, listed, earlier: found.reports };
      const report = await verifyInTime(files, limited, beside, limit);
      if (!report) break;

      if (await isUnfinished(report, files, request, startedAt)) {
        found.unfinished.push(report.archive);
        continue;
      }

      found.judged.push(files);
      found.reports.push(report);
      if (isLimited(request)) await recordSome([files], [report]);
      request.onArchive?.(report);
    }
  } finally {
    limit.end();
  }

  if (!isLimited(request)) await recordSome(found.judged, found.reports);

  noteVerified(found, warnings.size);

  return endOf(wanted, found, warnings);
}

/** What is known so far, in the order in which it was looked at. */
interface Found {
  readonly judged: ArchiveFiles[];
  /** Of these. */
  readonly reports: VerifyReport[];
  readonly unfinished: string[];
}

function endOf(
  wanted: readonly ArchiveFiles[],
  { reports, unfinished }: Found,
  warnings: ReadonlySet<string>,
): VerifyEnd {
  const left = wanted.slice(reports.length + unfinished.length);

  return {
    reports,
    left: left.map(({ stem }) => archiveName(stem)),
    unfinished,
    warnings: [...warnings],
  };
}

/** Tells damage from an archive that the mail server is writing. */
async function isUnfinished(
  { isIntact, isSealed, unread }: VerifyReport,
  files: ArchiveFiles,
  { place, isServerAtWork }: VerifyRequest,
  startedAt: Date,
): Promise<boolean> {
  const isDamaged = !isIntact && !isSealed && unread.length === 0;
  const writing = { startedAt, isServerAtWork };

  return isDamaged && (await mayBeUnfinished(files, place.storage, writing));
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

function noteVerified({ judged, reports }: Found, warnings: number): void {
  const proven = reports
    .filter(({ isSound, isComplete }) => isSound && isComplete)
    .map(({ archive }) => ({ archive, by: 'verify' as const }));
  const only = reports.length === 1 ? reports[0] : undefined;

  noteRun({
    ...(only && { from: only.archive }),
    verified: reports.length,
    messages: reports.reduce((sum, { messages }) => sum + messages, 0),
    bytes: judged.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    proven,
    warnings,
  });
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

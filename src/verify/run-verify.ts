import type { ArchiveState } from '../archive/archive-state.js';
import {
  type ArchiveFiles,
  findArchiveFiles,
  findIndexFault,
  listArchiveFiles,
  withoutIndex,
} from '../archive/backup-directory.js';
import { checkChain } from '../archive/check-chain.js';
import { checkStructure } from '../archive/check-structure.js';
import { HiddenNames, readDeleted } from '../archive/hidden-names.js';
import { inspectArchives } from '../archive/inspect.js';
import type { Storage } from '../archive/storage.js';
import type { ArchivePlace } from '../archive/storages.js';
import { isReadFailure } from '../archive/zip/source.js';
import { archiveName, parseVolumeName } from '../archive/names.js';
import {
  recordVerified,
  type VerifiedEntry,
} from '../archive/verified-record.js';
import {
  readArchive,
  type VerifyOptions,
  type VerifyReport,
  verifyArchive,
} from '../archive/verify.js';
import {
  DamagedArchiveError,
  errnoOf,
  LockedError,
  messageOf,
  NotFoundError,
  SealedError,
} from '../errors.js';
import { noteRun } from '../history/run-notes.js';
import type { Clock } from '../platform/clock.js';

export interface VerifyRequest extends VerifyOptions {
  readonly place: ArchivePlace;
  readonly clock: Clock;
  /** Told after each archive. */
  onArchive?(report: VerifyReport): void;
  /** Told before the first byte is written: until then a run may end anywhere. */
  beforeRecord?(): void;
}

/**
 * Reads every byte of every archive, as recover would, and records what was proven beside them.
 * @throws {NotFoundError} when there is nothing to verify
 */
export async function runVerify(
  request: VerifyRequest,
): Promise<{ reports: VerifyReport[]; warnings: string[] }> {
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

  const reports: VerifyReport[] = [];
  for (const files of archives) {
    const report = await addChainFault(
      await verifyFiles(files, request),
      withoutIndex(files),
      {
        storage,
        listed: fileName === undefined ? archives.map(withoutIndex) : undefined,
        earlier: reports,
      },
    );

    reports.push(report);
    request.onArchive?.(report);
  }

  const warnings = request.isQuick
    ? []
    : await record(request, storage, archives, reports);

  noteProofs(reports, warnings);

  return { reports, warnings };
}

function noteProofs(
  reports: readonly VerifyReport[],
  warnings: readonly string[],
): void {
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

/** The archives beside a verified one. */
interface VerifiedBeside {
  readonly storage: Storage;
  /** All archives there; undefined where they are not listed yet. */
  readonly listed: readonly ArchiveFiles[] | undefined;
  /** The reports of this run on the archives before it. */
  readonly earlier: readonly VerifyReport[];
}

/** A differential is worth as much as its base, as this run found it, or else as it is known. */
async function addChainFault(
  report: VerifyReport,
  files: ArchiveFiles,
  { storage, listed, earlier }: VerifiedBeside,
): Promise<VerifyReport> {
  if (files.type !== 'differential' || !report.isIntact) return report;

  const archives =
    listed ?? (await listArchiveFiles(storage)).map(withoutIndex);
  const states = await inspectArchives(storage, archives);
  const state = states.find(({ facts }) => facts.files.stem === files.stem);
  const fault = state && (await faultOfChain(state, files, earlier));

  return fault === undefined ? report : { ...report, isSound: false, fault };
}

/** Why the base is no help to a differential; undefined where it is. */
async function faultOfChain(
  { base, baseFault, chainFault }: ArchiveState,
  files: ArchiveFiles,
  earlier: readonly VerifyReport[],
): Promise<string | undefined> {
  const name = base && archiveName(base.files.stem);
  const baseReport = earlier.find(({ archive }) => archive === name);
  const known = base?.unreadable instanceof SealedError ? undefined : baseFault;
  const fault = chainFault ?? (baseReport ? describeDamage(baseReport) : known);

  return fault ?? (base && (await findChainFault(base.files, files)));
}

/** The fault for which a recover would refuse the base, or the two together. */
async function findChainFault(
  base: ArchiveFiles,
  files: ArchiveFiles,
): Promise<string | undefined> {
  try {
    const [full, last] = [await readArchive(base), await readArchive(files)];
    if (full.archive.lost.length > 0) return undefined;

    checkStructure(full.archive, full.facts);
    checkChain(
      full.archive,
      last.archive,
      new HiddenNames(last, await readDeleted(last, full.archive)),
    );

    return undefined;
  } catch (error) {
    if (error instanceof DamagedArchiveError) return messageOf(error);
    // Of the base itself the verify of it tells.
    if (isReadFailure(error) || error instanceof SealedError) return undefined;

    throw error;
  }
}

function describeDamage({
  archive,
  isIntact,
  unread,
  isSealed,
}: VerifyReport): string | undefined {
  return isIntact || isSealed || unread.length > 0
    ? undefined
    : `its base ${archive} is damaged`;
}

/** Of an archive its own: its base has a record, and may come back. */
function toRecord(
  report: VerifyReport,
  { sizeBytes }: ArchiveFiles,
  at: string,
): VerifiedEntry {
  const { isIntact, entries, damage, fault } = report;
  if (isIntact) return { at, isSound: true, sizeBytes, entries };

  const isElsewhere = damage.length > 0 || report.problems.length > 0;

  return {
    at,
    isSound: false,
    sizeBytes,
    entries,
    damage,
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
  const at = request.clock().toISOString();
  const proven = new Map<string, VerifiedEntry>();

  for (const [index, files] of archives.entries()) {
    const report = reports[index];
    if (!report || !parseVolumeName(`${files.stem}.zip`)) continue;

    if (isJudged(report)) proven.set(files.stem, toRecord(report, files, at));
  }

  if (proven.size === 0) return [];

  request.beforeRecord?.();

  try {
    await recordUnderLock(request, storage, proven);

    return [];
  } catch (error) {
    if (!(error instanceof LockedError) && errnoOf(error) === undefined) {
      throw error;
    }

    return [
      `the result could not be recorded in ${storage.name}: ${messageOf(error)}`,
    ];
  }
}

/** An archive that could not be read this time is neither sound nor damaged: its record stays as it was. */
function isJudged({ unread, isSealed, isIntact }: VerifyReport): boolean {
  return unread.length === 0 && (!isSealed || isIntact);
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

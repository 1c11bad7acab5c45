import type { ArchiveState } from '../archive/archive-state.js';
import { listArchiveFiles } from '../archive/backup-directory.js';
import { writeMirrorRecord } from '../archive/mirror-record.js';
import { archiveName, isTemporaryName } from '../archive/names.js';
import type { Storage } from '../archive/storage.js';
import { sweepTemporaries } from '../archive/sweep.js';
import {
  readVerifiedRecord,
  type VerifiedRecord,
} from '../archive/verified-record.js';
import {
  DamagedArchiveError,
  errnoOf,
  FailedError,
  InterruptedError,
  type KmsError,
  messageOf,
} from '../errors.js';
import { ObjectStoreError } from '../object-store/object-store-error.js';
import { toSystemError } from '../platform/system-error.js';
import { carryPins } from './carry-pins.js';
import { copyArchive } from './copy-archive.js';
import {
  findBaseFault,
  planReplicate,
  type ReplicateStep,
} from './plan-replicate.js';
import type {
  ReplicatedArchive,
  ReplicateReport,
  ReplicateRequest,
} from './request.js';

/**
 * Copies the wanted archives that the target does not have yet; what the source has stays as it is.
 * @throws {KmsError} what ends the run: the target is away, or full; what was copied before stays there and is recorded
 */
export async function runReplicate(
  request: ReplicateRequest,
): Promise<ReplicateReport> {
  const { target } = request;

  if (request.isDryRun) {
    const archives = await copyAll(request, await planFor(request), []);

    return reportOf(request, archives, []);
  }

  await target.prepare(false);
  const lock = await takeLock(request);

  try {
    const warnings = await sweepTarget(request);
    await carryPins(request);
    const archives = await copyAll(request, await planFor(request), warnings);
    if (request.isRecorded) warnings.push(...(await recordMirror(request)));

    return reportOf(request, archives, warnings);
  } finally {
    lock.release();
  }
}

/** Writes down in the source what the target has: whoever asks for the state need not ask it. @returns warnings */
async function recordMirror({
  source,
  target,
  clock,
}: ReplicateRequest): Promise<string[]> {
  const listed = await listArchiveFiles(target);
  const proven = await readVerifiedRecord(target);
  const archives = listed
    .filter(({ stem }) => proven.get(stem)?.isSound === true)
    .map(({ stem }) => archiveName(stem));

  try {
    await writeMirrorRecord(source, {
      to: target.name,
      at: clock(),
      archives,
    });

    return [];
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return [
      `what ${target.name} has could not be recorded in ${source.name}: ${messageOf(error)}`,
    ];
  }
}

function takeLock({
  target,
  clock,
  lockWaitMs,
  signal,
}: ReplicateRequest): ReturnType<Storage['lock']['take']> {
  return target.lock.take({
    command: 'replicate',
    clock,
    waitMs: lockWaitMs,
    hasWaitFlag: true,
    ...(signal ? { signal } : {}),
  });
}

/**
 * Removes what dead runs left in the target. Of an archive that is wanted, only the volume goes that was being written: those
 * before it were proven, and are taken up.
 * @returns warnings
 */
async function sweepTarget({
  target,
  wanted,
}: ReplicateRequest): Promise<string[]> {
  const stems = new Set(wanted.map(({ facts }) => facts.files.stem));
  const begun = await target.list(
    (name) => isResumed(name) && stems.has(stemOf(name)),
  );

  for (const { name } of begun) await target.remove(name);

  return [...(await sweepTemporaries(target)).warnings];
}

/** What is sealed is sealed anew, whole: of that nothing is taken up. */
const isResumed = (name: string): boolean =>
  isTemporaryName(name) && !name.endsWith('.age.part');

const stemOf = (fileName: string): string => fileName.split('.')[0] ?? '';

async function planFor({
  target,
  wanted,
}: ReplicateRequest): Promise<ReplicateStep[]> {
  const archives = await listArchiveFiles(target);
  const proven = await readVerifiedRecord(target);

  return planReplicate(wanted, { archives, proven });
}

/** @param warnings is added to */
async function copyAll(
  request: ReplicateRequest,
  plan: readonly ReplicateStep[],
  warnings: string[],
): Promise<ReplicatedArchive[]> {
  const proven = await readVerifiedRecord(request.source);
  const present = new Set<string>();
  const rows: ReplicatedArchive[] = [];

  try {
    for (const step of plan) {
      const { stem } = step.state.facts.files;
      request.signal?.throwIfAborted();

      const row =
        step.action === 'copy'
          ? await copyOne(request, step.state, { present, proven, warnings })
          : toPlanned(step);

      if (row.action !== 'left') present.add(stem);
      rows.push(row);
    }
  } catch (error) {
    throw withCopied(error, request, rows);
  }

  return rows;
}

/** What is known while archives are copied. */
interface Known {
  /** The stems that the target has. */
  readonly present: ReadonlySet<string>;
  /** Of the source. */
  readonly proven: VerifiedRecord;
  readonly warnings: string[];
}

async function copyOne(
  request: ReplicateRequest,
  state: ArchiveState,
  { present, proven, warnings }: Known,
): Promise<ReplicatedArchive> {
  const row = rowOf(state);
  const fault = findBaseFault(state, present);
  if (fault !== undefined) return { ...row, action: 'left', reason: fault };
  if (request.isDryRun) return { ...row, action: 'copy' };

  try {
    const issues = await copyArchive(request, state, proven);
    warnings.push(
      ...issues.map(({ name, reason }) => `${name} is not locked: ${reason}`),
    );

    return { ...row, action: 'copied' };
  } catch (error) {
    if (!isOfOneArchive(error)) throw toKnown(error, request, row.archive);

    const { message: reason, code } = error;

    return { ...row, action: 'left', reason, code };
  }
}

/** Says whether other archives can be copied in spite of it: a server that is away, or refuses, does so with all of them. */
function isOfOneArchive(error: unknown): error is KmsError {
  if (error instanceof ObjectStoreError) return false;

  return error instanceof DamagedArchiveError || error instanceof FailedError;
}

function toKnown(
  error: unknown,
  { source, target }: ReplicateRequest,
  archive: string,
): unknown {
  const fact = `${archive} cannot be copied to ${target.name}`;
  const hints = [`The archives of ${source.name} are as they were.`];

  return toSystemError(error, { fact, hints }) ?? error;
}

/** An interruption says what came of it. */
function withCopied(
  error: unknown,
  { target }: ReplicateRequest,
  rows: readonly ReplicatedArchive[],
): unknown {
  if (!(error instanceof InterruptedError)) return error;

  const copied = rows
    .filter(({ action }) => action === 'copied')
    .map(({ archive }) => archive);
  const names = copied.length === 0 ? 'nothing more' : copied.join(', ');

  return error.keeping(
    `copied ${names} to ${target.name}; the next run goes on`,
  );
}

function toPlanned({
  state,
  action,
  reason,
}: ReplicateStep): ReplicatedArchive {
  return { ...rowOf(state), action, ...(reason !== undefined && { reason }) };
}

function rowOf({
  facts: { files },
}: ArchiveState): Pick<ReplicatedArchive, 'archive' | 'sizeBytes'> {
  return { archive: archiveName(files.stem), sizeBytes: files.sizeBytes };
}

function reportOf(
  { isDryRun, source, target }: ReplicateRequest,
  archives: readonly ReplicatedArchive[],
  warnings: readonly string[],
): ReplicateReport {
  return {
    schema: 'kms-backup/replicate/1',
    isDryRun,
    from: source.name,
    to: target.name,
    archives,
    warnings,
  };
}

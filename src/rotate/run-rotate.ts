import { countKept, type KeptCounts } from '../archive/kept-counts.js';
import { archiveName } from '../archive/names.js';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ArchiveFiles,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import type { ArchiveState } from '../archive/archive-state.js';
import { inspectStorage } from '../archive/inspect.js';
import { pruneHeaderCache } from '../archive/headers/header-cache.js';
import type { Storage } from '../archive/storage.js';
import {
  errnoOf,
  FailedError,
  messageOf,
  InterruptedError,
  NoSpaceError,
} from '../errors.js';
import type { Clock } from '../platform/clock.js';
import type { Lock } from '../platform/lock.js';
import { tellStep } from '../platform/steps.js';
import { NewestRule } from './policy-newest.js';
import {
  findMissing,
  planRotation,
  type RotationPlan,
} from './plan-rotation.js';
import { RetentionPolicy, type Verdict } from './policy.js';

export interface RotateRequest {
  readonly storage: Storage;
  readonly limit: number;
  readonly keepsDifferentials: boolean;
  readonly isDryRun: boolean;
  /** An archive that must be there: a listing without it is not to be believed. */
  readonly expects?: string | undefined;
  readonly lockWaitMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

interface RotateVerdict {
  readonly archive: string;
  readonly action: Verdict['action'];
  readonly reason: string;
  readonly sizeBytes: number;
  /** Why an archive that was to go is still there. */
  readonly failure?: string;
}

export interface RotateReport {
  readonly schema: 'kms-backup/rotate/1';
  readonly isDryRun: boolean;
  readonly limit: number;
  /** The rule of what is kept, in words. */
  readonly policy: string;
  readonly verdicts: readonly RotateVerdict[];
  /** The archives that are left, or would be. */
  readonly kept: KeptCounts;
  readonly removedBytes: number;
  readonly failures: number;
}

/** The report of a rotation. */
export interface Rotation {
  readonly report: RotateReport;
  /** Oldest first; an archive that could not be removed is among them. */
  readonly left: readonly ArchiveFiles[];
}

/**
 * Removes what the policy no longer keeps: dependents first, then their base, each archive's first volume first, so that
 * an abort leaves usable sets and nothing that looks complete and is not.
 * @throws {FailedError} with nothing removed, when the listing cannot be believed
 */
export async function runRotate(request: RotateRequest): Promise<Rotation> {
  if (request.isDryRun) {
    const { verdicts } = await plan(request);

    return endOf(request, verdicts, new Map());
  }

  const { lock, gone } = await lockWithRoom(request);
  try {
    const planned = await plan(request);
    await refuseShrunkListing(request, planned);

    const failures = await removeAll(request, planned);
    const left = statesLeft(planned.verdicts, failures);

    if (planned.removals.length > 0) {
      await pruneHeaderCache(
        request.storage,
        left.map(({ facts }) => facts.files),
      );
    }

    return endOf(request, [...gone, ...planned.verdicts], failures);
  } finally {
    lock.release();
  }
}

/**
 * Takes the directory's lock. On a disk without room for one, nobody else can take it either: where nobody holds it, what
 * is to go first makes the room.
 * @throws {NoSpaceError} where nothing may go
 */
async function lockWithRoom(
  request: RotateRequest,
): Promise<{ lock: Lock; gone: readonly Verdict[] }> {
  const gone: Verdict[] = [];
  for (;;) {
    try {
      return { lock: await takeLock(request), gone };
    } catch (error) {
      if (!(error instanceof NoSpaceError)) throw error;

      const removed = await makeRoom(request);
      if (!removed) throw error;

      gone.push(removed);
    }
  }
}

function takeLock({
  storage,
  clock,
  lockWaitMs,
  signal,
}: RotateRequest): Promise<Lock> {
  return storage.lock.take({
    command: 'rotate',
    clock,
    waitMs: lockWaitMs,
    hasWaitFlag: true,
    ...(signal ? { signal } : {}),
  });
}

/** Removes the one archive that is to go first; undefined where none is, or it cannot be removed. */
async function makeRoom(request: RotateRequest): Promise<Verdict | undefined> {
  const { storage } = request;
  storage.lock.refuseWhileHeld();

  const planned = await plan(request);
  await refuseShrunkListing(request, planned);
  request.signal?.throwIfAborted();

  const [first] = planned.removals;

  return first && (await removeArchive(storage, first)) === undefined
    ? first
    : undefined;
}

async function plan(request: RotateRequest): Promise<RotationPlan> {
  const states = await inspectStorage(request.storage);

  return planRotation(states, policyOf(request), request.clock());
}

function policyOf({
  limit,
  keepsDifferentials,
}: RotateRequest): RetentionPolicy {
  return new RetentionPolicy([new NewestRule(limit)], keepsDifferentials);
}

/** A share that answers with half of its files must not make the other half look superfluous. */
async function refuseShrunkListing(
  { storage, expects }: RotateRequest,
  planned: RotationPlan,
): Promise<void> {
  const archives = await listArchiveFiles(storage);
  const listed = new Set(
    archives.flatMap(({ volumes }) => volumes.map(({ name }) => name)),
  );

  const missing = findMissing(planned, listed, expects);
  if (missing === undefined) return;

  throw new FailedError(
    `the listing of ${storage.name} lacks ${missing}: nothing was removed`,
    {
      hints: ['Look whether the disk or share is healthy, then run rotate.'],
    },
  );
}

/** Removes archives; returns what failed. A base stays while one that needs it stays. @throws {InterruptedError} */
async function removeAll(
  { storage, signal }: RotateRequest,
  { removals }: RotationPlan,
): Promise<Map<Verdict, string>> {
  const failures = new Map<Verdict, string>();

  for (const [at, verdict] of removals.entries()) {
    tellStep(`removing ${archiveName(verdict.state.facts.files.stem)}`);
    await stopWhereAsked(signal, removals.slice(0, at), failures);

    const dependent = [...failures.keys()].find(
      ({ state }) => state.base === verdict.state.facts,
    );
    const failure = dependent
      ? `${dependent.state.facts.files.stem}.zip, which needs it, could not be removed`
      : await removeArchive(storage, verdict);

    if (failure !== undefined) failures.set(verdict, failure);
  }

  return failures;
}

/** Between two archives, so that none is left in part. */
async function stopWhereAsked(
  signal: AbortSignal | undefined,
  tried: readonly Verdict[],
  failures: ReadonlyMap<Verdict, string>,
): Promise<void> {
  await nextTurn();
  if (!(signal?.reason instanceof InterruptedError)) return;

  const gone = tried
    .filter((verdict) => !failures.has(verdict))
    .map(({ state }) => archiveName(state.facts.files.stem));

  throw signal.reason.keeping(
    gone.length === 0
      ? 'nothing was removed'
      : `removed ${gone.join(', ')}, kept all others`,
  );
}

async function removeArchive(
  storage: Storage,
  { state }: Verdict,
): Promise<string | undefined> {
  try {
    for (const { storedAs } of state.facts.files.volumes) {
      await storage.remove(storedAs);
      await storage.sync();
    }

    return undefined;
  } catch (error) {
    return errnoOf(error) ?? messageOf(error);
  }
}

function endOf(
  request: RotateRequest,
  verdicts: readonly Verdict[],
  failures: ReadonlyMap<Verdict, string>,
): Rotation {
  return {
    report: toReport(request, verdicts, failures),
    left: statesLeft(verdicts, failures).map(({ facts }) => facts.files),
  };
}

/** The archives that are still there. */
function statesLeft(
  verdicts: readonly Verdict[],
  failures: ReadonlyMap<Verdict, string>,
): ArchiveState[] {
  return verdicts
    .filter((verdict) => verdict.action === 'keep' || failures.has(verdict))
    .map(({ state }) => state);
}

function toReport(
  request: RotateRequest,
  verdicts: readonly Verdict[],
  failures: ReadonlyMap<Verdict, string>,
): RotateReport {
  const { isDryRun, limit, clock } = request;
  const rows = verdicts.map((verdict): RotateVerdict => {
    const { files } = verdict.state.facts;
    const failure = failures.get(verdict);

    return {
      archive: archiveName(files.stem),
      action: verdict.action,
      reason: verdict.reason,
      sizeBytes: files.sizeBytes,
      ...(failure === undefined ? {} : { failure }),
    };
  });

  const removed = rows.filter(
    ({ action, failure }) => action === 'remove' && failure === undefined,
  );

  return {
    schema: 'kms-backup/rotate/1',
    isDryRun,
    limit,
    policy: policyOf(request).describe(),
    verdicts: rows,
    kept: countKept(statesLeft(verdicts, failures), clock()),
    removedBytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    failures: failures.size,
  };
}

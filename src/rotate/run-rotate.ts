import { archiveName, formatSealName, isSealedName } from '../archive/names.js';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ArchiveFiles,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import { inspectStorage } from '../archive/inspect.js';
import { pruneHeaderCache } from '../archive/headers/header-cache.js';
import { isKeptByPin } from '../archive/pin-words.js';
import { findPin, pinNamesOf } from '../archive/pins.js';
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
import { formatMinute } from '../platform/dates.js';
import { addNote } from '../platform/run-notes.js';
import { tellStep } from '../platform/steps.js';
import {
  type MassLossRecord,
  readMassLoss,
} from '../archive/mass-loss-record.js';
import { holdBack } from './hold-back.js';
import {
  findMissing,
  planRotation,
  type RotationPlan,
} from './plan-rotation.js';
import {
  reportRotation,
  type RotateReport,
  type Stay,
  statesLeft,
} from './report-rotation.js';
import type { RetentionPolicy, Verdict } from './policy.js';
import { sweepPins } from './sweep-pins.js';

export interface RotateRequest {
  readonly storage: Storage;
  readonly policy: RetentionPolicy;
  /** What another place's loss of mail keeps; undefined: what stands beside the archives. */
  readonly loss?: MassLossRecord | undefined;
  readonly isDryRun: boolean;
  /** An archive that must be there: a listing without it is not to be believed. */
  readonly expects?: string | undefined;
  readonly lockWaitMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
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
    await settleDeadRuns(request);
    const planned = await plan(request);
    await refuseShrunkListing(request, planned);

    await sweepPins(request.storage, request.clock);
    const stays = await removeAll(request, planned);
    const left = statesLeft(planned.verdicts, stays);

    if (planned.removals.length > 0) {
      await pruneHeaderCache(
        request.storage,
        left.map(({ facts }) => facts.files),
      );
    }

    return endOf(request, [...gone, ...planned.verdicts], stays);
  } finally {
    lock.release();
  }
}

/** What dead runs left is ended before anything is judged; the backup that this follows has done so. */
async function settleDeadRuns({
  storage,
  expects,
}: RotateRequest): Promise<void> {
  if (expects !== undefined) return;

  for (const text of (await storage.settleDeadRuns?.()) ?? []) {
    addNote({ kind: 'warning', key: text, text });
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

  const loss = request.loss ?? (await readMassLoss(request.storage));

  return holdBack(planRotation(states, request.policy, request.clock()), loss);
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

/** Removes archives; returns those that stay. A base stays while one that needs it stays. @throws {InterruptedError} */
async function removeAll(
  request: RotateRequest,
  { removals }: RotationPlan,
): Promise<Map<Verdict, Stay>> {
  const { storage, signal } = request;
  const stays = new Map<Verdict, Stay>();

  for (const [at, verdict] of removals.entries()) {
    tellStep(`removing ${archiveName(verdict.state.facts.files.stem)}`);
    await stopWhereAsked(signal, removals.slice(0, at), stays);

    const stay =
      stayOfBase(verdict, stays) ??
      (await stayOfPin(request, verdict)) ??
      (await removeArchive(storage, verdict));

    if (stay) stays.set(verdict, stay);
  }

  return stays;
}

/** Why a full must stay, as an archive that needs it does; undefined where none does. */
function stayOfBase(
  { state }: Verdict,
  stays: ReadonlyMap<Verdict, Stay>,
): Stay | undefined {
  const dependent = [...stays].find(
    ([other]) => other.state.base === state.facts,
  );
  if (!dependent) return undefined;

  const [{ state: needing }, { isLocked }] = dependent;
  const name = archiveName(needing.facts.files.stem);
  const reason = `${name}, which needs it, ${isLocked ? 'is locked' : 'could not be removed'}`;

  return { reason, isLocked };
}

/** Another machine may have pinned it since the plan was made. */
async function stayOfPin(
  { storage, clock }: RotateRequest,
  { state }: Verdict,
): Promise<Stay | undefined> {
  const pin = await findPin(storage, state.facts.files.stem);

  return isKeptByPin(pin, clock())
    ? { reason: 'pinned meanwhile', isLocked: true }
    : undefined;
}

/** Between two archives, so that none is left in part. */
async function stopWhereAsked(
  signal: AbortSignal | undefined,
  tried: readonly Verdict[],
  stays: ReadonlyMap<Verdict, Stay>,
): Promise<void> {
  await nextTurn();
  if (!(signal?.reason instanceof InterruptedError)) return;

  const gone = tried
    .filter((verdict) => !stays.has(verdict))
    .map(({ state }) => archiveName(state.facts.files.stem));

  throw signal.reason.keeping(
    gone.length === 0
      ? 'nothing was removed'
      : `removed ${gone.join(', ')}, kept all others`,
  );
}

/** @returns why it is still there; undefined where it is gone */
async function removeArchive(
  storage: Storage,
  { state }: Verdict,
): Promise<Stay | undefined> {
  const { stem, volumes } = state.facts.files;

  try {
    if (storage.removeArchive) {
      const until = await storage.removeArchive(stem);

      return until && lockedUntil(until);
    }

    const stored = volumes.map(({ storedAs }) => storedAs);
    const pins = await pinNamesOf(storage, stem);
    const seals = stored.some(isSealedName) ? [formatSealName(stem)] : [];

    for (const name of [...stored, ...pins, ...seals]) {
      await storage.remove(name);
      await storage.sync();
    }

    return undefined;
  } catch (error) {
    return { reason: errnoOf(error) ?? messageOf(error), isLocked: false };
  }
}

function lockedUntil(until: Date): Stay {
  return { reason: `locked until ${formatMinute(until)}`, isLocked: true };
}

function endOf(
  request: RotateRequest,
  verdicts: readonly Verdict[],
  stays: ReadonlyMap<Verdict, Stay>,
): Rotation {
  const { isDryRun, policy, clock } = request;

  return {
    report: reportRotation({ isDryRun, policy, now: clock() }, verdicts, stays),
    left: statesLeft(verdicts, stays).map(({ facts }) => facts.files),
  };
}

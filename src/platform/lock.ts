import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { FailedError } from '../errors.js';
import { type Clock, monotonicMs, systemClock } from './clock.js';
import {
  describeLock,
  type HeldLock,
  isSuspicious,
  lockedError,
  removalHint,
} from './lock/describe-lock.js';
import type { Holder } from './lock/holder.js';
import { judgeHolder, type Witness, witnessFor } from './lock/judge-holder.js';
import { lockDisk } from './lock/lock-disk.js';
import { identifyThisProcess, isOnLocalDisk } from './lock/process-identity.js';
import { sweepLeftovers } from './lock/sweep-leftovers.js';
import {
  findLast,
  type Hold,
  releaseLock,
  type Steps,
  type Taken,
  takeLock,
} from './lock/take-lock.js';
import { pause } from './patience.js';
import { toSystemError } from './system-error.js';

/** A lock that is held until `release` is called. */
export interface Lock {
  release(): void;
}

export interface LockOptions {
  /** The lock's path. */
  readonly path: string;
  /** What the lock protects, for the message: `the backup directory`. */
  readonly what: string;
  /** What this run does: `backup full`. */
  readonly command: string;
  readonly clock: Clock;
  /** How long to wait for another holder. Default 0: not at all. */
  readonly waitMs?: number;
  /** Whether the command has --lock-wait. */
  readonly hasWaitFlag?: boolean;
  /** On a full disk, take a lock that cannot say who holds it: after a crash somebody must remove it by hand. */
  readonly mayBeNameless?: boolean;
  readonly signal?: AbortSignal;
}

/** So often in a row somebody else may be quicker; then the disk does not do what it says. */
const MOST_ATTEMPTS = 500;
/** What cannot be read may be half written, or be on its way out. */
const MOST_SECOND_LOOKS = 3;

/**
 * Takes a lock that one process on one or several machines can hold. A lock whose holder is proven dead is taken over.
 * An abort leaves the lock; the next call sees that its process is gone.
 * @throws {LockedError} when somebody else holds it after `waitMs`
 * @throws {KmsError} the class of the operating system's refusal, where nothing can be written there
 */
export async function acquireLock(options: LockOptions): Promise<Lock> {
  const deadline = monotonicMs() + (options.waitMs ?? 0);
  const witness = witnessFor(dirname(options.path));

  for (let attempts = 1, looks = 1; attempts <= MOST_ATTEMPTS;) {
    options.signal?.throwIfAborted();

    const taken = attempt(options, witness);
    if (taken.outcome === 'taken') {
      sweepLeftovers(dirname(options.path), witness);
      return lockOf(taken.hold);
    }

    if (taken.outcome === 'again') {
      attempts++;
      await pauseAmongTakers(attempts, options.signal);
      continue;
    }

    const isUnclear =
      taken.by.state === 'unknown' && looks++ <= MOST_SECOND_LOOKS;
    if (!isUnclear && monotonicMs() >= deadline) {
      throw heldError(options, taken.by, witness);
    }

    await pause(isUnclear ? 50 : 200, options.signal);
  }

  throw new FailedError(
    `${options.path} can be neither taken nor seen to be held`,
    {
      hints: [
        'Look whether that disk or share is healthy, and what lies there.',
      ],
    },
  );
}

/** After 20 attempts in a row, many runs take the lock at once: a pause lets them pass each other. */
async function pauseAmongTakers(
  attempts: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (attempts > 20) await pause(20, signal);
}

/**
 * Looks whether a lock is held, without taking it. What nobody can read counts as held.
 * @throws {LockedError} when it is
 */
export function refuseWhileHeld(
  path: string,
  what: string,
  clock: Clock = systemClock,
): void {
  const lock = findHeldLock(path);
  if (lock) throw lockedError(what, lock, { now: clock(), canWait: false });
}

/** Who holds a lock, in words (`recover, pid 4711 on mail1, since …`); undefined where it is free. Takes nothing. */
export function describeHolder(
  path: string,
  clock: Clock = systemClock,
): string | undefined {
  return sightLock(path, clock)?.fact;
}

/** A lock that is held, as a report shows it. */
export interface LockSighting {
  readonly fact: string;
  /** How to remove it, where nobody holds it any more. */
  readonly advice: string;
  /** Nobody can see its holder from here, or it is held for longer than a day. */
  readonly isSuspicious: boolean;
  /** What lies there was written by nobody, or half. */
  readonly isJunk: boolean;
}

/** Looks at a lock; undefined where it is free, or its holder is proven dead. Takes nothing. */
export function sightLock(
  path: string,
  clock: Clock,
): LockSighting | undefined {
  const lock = findHeldLock(path);
  if (!lock) return undefined;

  const now = clock();
  const isJunk = lock.claim.state === 'unknown' && lock.claim.isJunk;

  return {
    fact: describeLock(lock, now),
    advice: removalHint(lock),
    isSuspicious: isSuspicious(lock, now),
    isJunk,
  };
}

function findHeldLock(path: string): HeldLock | undefined {
  const { claim } = finish(findLast(lockDisk, path));
  if (claim.state === 'free') return undefined;
  if (claim.state === 'unknown') return { path, claim, verdict: undefined };
  const verdict = judgeHolder(claim.holder, witnessFor(dirname(path)));

  return verdict === 'dead' ? undefined : { path, claim, verdict };
}

/** Removes a lock whose holder is proven dead; any other stays. */
export function removeDeadLock(path: string, clock: Clock): void {
  const options = { path, what: 'a dead run', command: 'sweep', clock };
  const witness = witnessFor(dirname(path));

  for (
    let attempts = 0;
    attempts < 10 && sightLock(path, clock) === undefined;
    attempts++
  ) {
    const taken = attempt(options, witness);
    if (taken.outcome === 'taken') {
      lockOf(taken.hold).release();
      return;
    }
  }
}

type AttemptOptions = Pick<
  LockOptions,
  'path' | 'what' | 'command' | 'clock' | 'mayBeNameless'
>;

function attempt(options: AttemptOptions, witness: Witness): Taken {
  const mine: Holder = {
    ...identifyThisProcess(),
    id: randomBytes(8).toString('hex'),
    command: options.command,
    since: options.clock().toISOString(),
    isOnLocalDisk: isOnLocalDisk(dirname(options.path)),
    isOldFormat: false,
  };

  const isDead = (holder: Holder): boolean =>
    judgeHolder(holder, witness) === 'dead';
  const { path, mayBeNameless = false } = options;

  try {
    return finish(takeLock(lockDisk, { path, mine, isDead, mayBeNameless }));
  } catch (error) {
    const fact = `the lock of ${options.what} cannot be taken, ${path}`;
    throw toSystemError(error, { fact }) ?? error;
  }
}

function lockOf(hold: Hold): Lock {
  return {
    release: () => {
      try {
        finish(releaseLock(lockDisk, hold));
      } catch {
        // It stays as the lock of a process that will be gone, which is how the next run takes it.
      }
    },
  };
}

/** Goes through all steps at once: nothing of this process comes in between. */
function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function heldError(
  options: LockOptions,
  claim: HeldLock['claim'],
  witness: Witness,
): Error {
  const verdict =
    claim.state === 'held' ? judgeHolder(claim.holder, witness) : undefined;
  const lock = { path: options.path, claim, verdict };

  return lockedError(options.what, lock, {
    now: options.clock(),
    canWait: options.hasWaitFlag === true,
  });
}

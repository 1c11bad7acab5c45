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
import { sweepLeftovers } from './lock/sweep-leftovers.js';
import {
  findLast,
  type Hold,
  releaseLock,
  type Steps,
  type Taken,
  takeLock,
} from './lock/take-lock.js';
import { thisHolder } from './lock/this-holder.js';
import { pause } from './patience.js';
import { toSystemError } from './system-error.js';

/** Takes, looks at and releases the locks of this program. The files of lock/ hold the steps and the judgement of holders. */

/** A lock that is held until `release` is called. */
export interface Lock {
  release(): void;
}

export interface LockOptions {
  /** The lock's path. */
  readonly path: string;
  /** The protected directory or file, for messages: `the backup directory`. */
  readonly what: string;
  /** The command of this run: `backup full`. */
  readonly command: string;
  readonly clock: Clock;
  /** The longest wait for another holder. Default: 0. */
  readonly waitMs?: number;
  /** The command has --lock-wait. */
  readonly hasWaitFlag?: boolean;
  /** A full disk gets a lock that does not name its holder. After a crash, the operator must remove it. */
  readonly mayBeNameless?: boolean;
  readonly signal?: AbortSignal;
}

/** After so many attempts in a row that another run won, the disk does not do what it answers. */
const MOST_ATTEMPTS = 500;
/** A lock that cannot be read may be half written, or half removed: it is looked at again. */
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
 * Refuses while another run holds a lock, without taking it. A lock that cannot be read counts as held.
 * @throws {LockedError} when it is held
 */
export function refuseWhileHeld(
  path: string,
  what: string,
  clock: Clock = systemClock,
): void {
  const lock = findHeldLock(path);
  if (lock) throw lockedError(what, lock, { now: clock(), canWait: false });
}

/** Describes the holder of a lock (`recover, pid 4711 on mail1, since …`); undefined where it is free. Takes no lock. */
export function describeHolder(
  path: string,
  clock: Clock = systemClock,
): string | undefined {
  return sightLock(path, clock)?.fact;
}

/** The facts of a held lock, as a report shows them. */
export interface LockSighting {
  readonly fact: string;
  /** Advice on its removal, where its holder is no longer alive. */
  readonly advice: string;
  /** The holder cannot be seen from here, or has held the lock for longer than a day. */
  readonly isSuspicious: boolean;
  /** The content is no lock of this program, or half of one. */
  readonly isJunk: boolean;
  /** When it was taken, as its holder says. */
  readonly since: Date | undefined;
}

/** Looks at a lock; undefined where it is free, or its holder is proven dead. Takes no lock. */
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
    since: sinceOf(lock),
  };
}

function sinceOf({ claim }: HeldLock): Date | undefined {
  const ms = claim.state === 'held' ? Date.parse(claim.holder.since) : NaN;

  return Number.isNaN(ms) ? undefined : new Date(ms);
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
  const mine = thisHolder(
    dirname(options.path),
    options.command,
    options.clock(),
  );

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
        // The lock stays. This process will have ended by then, so that the next run takes the lock over.
      }
    },
  };
}

/** Runs all steps at once: no other code of this process runs in between. */
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

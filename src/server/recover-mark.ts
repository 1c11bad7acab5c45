import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FailedError, KmsError, LockedError } from '../errors.js';
import { type Clock, systemClock } from '../platform/clock.js';
import {
  acquireLock,
  describeHolder,
  type Lock,
  refuseWhileHeld,
  removeDeadLock,
  sightLock,
} from '../platform/lock.js';
import { findProcess } from '../platform/lock/process-identity.js';
import { removeTree } from '../platform/remove-tree.js';
import { findJournals, realDirectories } from './recover-journal.js';
import type { Journal } from './recover-journal-text.js';
import { isAtEnd } from './recover-state.js';

/**
 * Marks by which a recover and a backup announce themselves to each other, in the install directory and in the store: a
 * recover must not replace the files that a backup reads. Each writes its mark first and then looks for the other's, so that
 * of two that start at once at least one sees the other.
 */

/** Held, in every directory where something is replaced, by whoever replaces it. */
export const RECOVER_LOCK = '.kms-backup-recover.lock';

const ROLL_BACK_AGAIN =
  'Run recover --rollback again: it completes what was begun.';

/** A recover that has not come to its end, and what to do about it. */
export interface UnfinishedRecover {
  readonly isRunning: boolean;
  readonly fact: string;
  readonly advice: string;
}

/**
 * The recover or rollback that is at work on a server, or was interrupted; undefined where none is.
 * @param directories the install directory and the store: a recover may have begun at either
 */
export function findUnfinishedRecover(
  directories: readonly string[],
): UnfinishedRecover | undefined {
  const holder = directories
    .map((directory) => describeHolder(join(directory, RECOVER_LOCK)))
    .find(Boolean);
  if (holder === undefined) return findInJournals(directories, () => true);

  return {
    isRunning: true,
    fact: `a recover is at work: ${holder}`,
    advice: 'Wait for its end before you back up.',
  };
}

/**
 * What a recover left that nobody may work on: no mail server, which asks under the lock of a restart, no backup and no edit. Messages
 * that are added one by one are in place, or are not there yet: that is no mixture. One that holds its places has not begun, or its
 * journal says that it has: while the server is being restarted it will refuse itself.
 */
export function findHalfReplaced(
  directories: readonly string[],
): UnfinishedRecover | undefined {
  return findInJournals(directories, ({ added }) => added === undefined);
}

function findInJournals(
  directories: readonly string[],
  counts: (journal: Journal) => boolean,
): UnfinishedRecover | undefined {
  try {
    const journal = findJournals(directories).find(
      ({ journal }) => !isAtEnd(journal) && counts(journal),
    )?.journal;

    return journal && describeUnfinished(journal);
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return {
      isRunning: false,
      fact: error.message,
      advice: error.hints.join(' '),
    };
  }
}

function describeUnfinished(journal: Journal): UnfinishedRecover {
  const { phase, archive, isInPlace } = journal;
  if (journal.added !== undefined) return describeUnendedAddition(journal);

  if (phase === 'emptied') {
    return {
      isRunning: false,
      fact: `a recover of ${archive} with --in-place was interrupted: part of the old state is removed, the new one is not there`,
      advice: 'Run that recover again, with the same flags.',
    };
  }

  const isRollback = phase === 'rolling-back';
  const what = isRollback ? 'the rollback of a recover' : 'a recover';
  const undo = isInPlace ? '' : ', or recover --rollback to undo it';

  return {
    isRunning: false,
    fact: `${what} of ${archive} was interrupted: the store is half old, half new`,
    advice: isRollback
      ? ROLL_BACK_AGAIN
      : `Run recover again to complete it${undo}.`,
  };
}

/** It replaces nothing: each message is in place, whole, or is not there. */
function describeUnendedAddition({
  phase,
  archive,
}: Journal): UnfinishedRecover {
  const what = `a recover of ${archive} with --additive`;

  if (phase === 'rolling-back') {
    return {
      isRunning: false,
      fact: `the rollback of ${what} was interrupted: messages that it added may still be there`,
      advice: ROLL_BACK_AGAIN,
    };
  }

  return {
    isRunning: false,
    fact: `${what} was interrupted before it added anything`,
    advice: 'Run recover again, or recover --rollback to forget it.',
  };
}

/** Refuses to work on a store that is half replaced. @throws {FailedError} · {LockedError} while a recover is at work */
export function refuseInterruptedRecover(directories: readonly string[]): void {
  const found = findUnfinishedRecover(directories);
  if (found?.isRunning) {
    throw new LockedError(found.fact, { hints: [found.advice] });
  }

  refuseLeftJournal(directories);
}

/** The same for a recover, which holds these directories itself. @throws {FailedError} */
export function refuseLeftJournal(directories: readonly string[]): void {
  const found = findHalfReplaced(directories);
  if (found) throw new FailedError(found.fact, { hints: [found.advice] });
}

/** Refuses while a recover works in one of the directories. @throws {LockedError} */
export function refuseWhileRecovered(directories: readonly string[]): void {
  for (const directory of directories) {
    refuseWhileHeld(join(directory, RECOVER_LOCK), 'the store');
  }
}

const READING = '.kms-backup-reading-';

/**
 * Announces a run that reads the store, in each of the directories. Several may; each has a file of its own. What dead
 * runs left is removed. Where this user may not write, or the disk is full, a recover that somebody else starts cannot see the run.
 */
export async function markReading(
  directories: readonly string[],
  command: string,
  clock: Clock,
): Promise<Lock> {
  const marks: Lock[] = [];
  const release = (): void => {
    for (const mark of marks) mark.release();
  };

  for (const directory of realDirectories(directories)) {
    const path = join(directory, `${READING}${process.pid}.lock`);
    try {
      marks.push(
        await acquireLock({
          path,
          what: 'the store',
          command,
          clock,
          mayBeNameless: true,
        }),
      );
      for (const other of readingMarks(directory)) {
        if (other !== path) sweepMark(other, clock);
      }
    } catch (error) {
      if (error instanceof KmsError && !(error instanceof LockedError)) {
        continue;
      }

      release();

      throw error;
    }
  }

  return { release };
}

/** Refuses while a run reads the store; what dead runs left is removed. @throws {LockedError} */
export function refuseWhileRead(
  installDir: string,
  clock: Clock = systemClock,
): void {
  for (const path of readingMarks(installDir)) {
    sweepMark(path, clock);
    refuseWhileHeld(path, 'the store', clock);
  }
}

function readingMarks(installDir: string): string[] {
  return readdirSync(installDir)
    .filter((name) => name.startsWith(READING) && name.endsWith('.lock'))
    .map((name) => join(installDir, name));
}

/** A mark that says nothing has still a number in its name: that of a process of this machine, whose directory it is. */
function sweepMark(path: string, clock: Clock): void {
  const pid = Number(basename(path).slice(READING.length, -'.lock'.length));
  const sighting = sightLock(path, clock);

  if (!sighting) {
    removeDeadLock(path, clock);
  } else if (
    sighting.isJunk &&
    (!Number.isInteger(pid) || pid <= 0 || findProcess(pid) === 'gone')
  ) {
    removeTree(path);
  }
}

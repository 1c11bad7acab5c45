import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errnoOf, FailedError, KmsError, LockedError } from '../errors.js';
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

/**
 * What a recover and a backup leave in the install directory, for each other: the one must not replace what the other
 * reads. Each announces itself first and then looks for the other, so that of two that start at once at least one sees it.
 */

/** Beside what is recovered, on the same file system; never backed up. */
export const STAGING_NAME = '.kms-backup-recover';
/** Held by whoever replaces the store. */
export const RECOVER_LOCK = '.kms-backup-recover.lock';
const JOURNAL_NAME = 'journal.json';

export function journalPath(directory: string): string {
  return join(directory, STAGING_NAME, JOURNAL_NAME);
}

/** What of a journal everybody may know. */
interface JournalText {
  readonly phase: string;
  readonly archive: string;
  readonly isInPlace?: boolean;
}

/**
 * The journal's text of a recover that was begun, or whose old state is kept; undefined where there is none.
 * @throws {FailedError} when it cannot be read
 */
export function readJournalText(directory: string): JournalText | undefined {
  try {
    return JSON.parse(readFileSync(journalPath(directory), 'utf8')) as JournalText;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw new FailedError(`the journal of an earlier recover cannot be read: ${journalPath(directory)}`, {
      hints: ['Look at the directories beside it before you remove it: they hold the old and the new state.'],
      cause: error,
    });
  }
}

/** A recover that has not come to its end, and what to do about it. */
export interface UnfinishedRecover {
  readonly isRunning: boolean;
  readonly fact: string;
  readonly advice: string;
}

/**
 * The recover or rollback that is at work on a server, or was interrupted; undefined where none is.
 * @throws {FailedError} when its journal cannot be read
 */
export function findUnfinishedRecover(installDir: string): UnfinishedRecover | undefined {
  const holder = describeHolder(join(installDir, RECOVER_LOCK));
  if (holder !== undefined) {
    return { isRunning: true, fact: `a recover is at work: ${holder}`, advice: 'Wait for its end before you back up.' };
  }
  const journal = readJournalText(installDir);
  if (!journal || journal.phase === 'kept' || journal.phase === 'settled') return undefined;
  if (journal.phase === 'emptied') {
    return {
      isRunning: false,
      fact: `a recover of ${journal.archive} with --in-place was interrupted: part of the old state is removed, the new one is not there`,
      advice: 'Run that recover again, with the same flags.',
    };
  }
  const what = journal.phase === 'rolling-back' ? 'the rollback of a recover' : 'a recover';
  return {
    isRunning: false,
    fact: `${what} of ${journal.archive} was interrupted: the store is half old, half new`,
    advice:
      journal.phase === 'rolling-back'
        ? 'Run recover --rollback again: it completes what was begun.'
        : `Run recover again to complete it${journal.isInPlace === true ? '' : ', or recover --rollback to undo it'}.`,
  };
}

/** Refuses to work on a store that is half replaced. @throws {FailedError} */
export function refuseInterruptedRecover(installDir: string): void {
  const found = findUnfinishedRecover(installDir);
  if (found) throw new FailedError(found.fact, { hints: [found.advice] });
}

const READING = '.kms-backup-reading-';

/**
 * Announces a run that reads the store. Several may; each has a file of its own. What dead runs left is removed. Undefined
 * where this user may not write into the install directory: a recover that somebody else starts cannot see the run then.
 */
export async function markReading(installDir: string, command: string, clock: Clock): Promise<Lock | undefined> {
  const path = join(installDir, `${READING}${process.pid}.lock`);

  try {
    const mark = await acquireLock({ path, what: 'the store', command, clock, mayBeNameless: true });
    for (const other of readingMarks(installDir)) if (other !== path) sweepMark(other, clock);
    return mark;
  } catch (error) {
    if (error instanceof KmsError && !(error instanceof LockedError)) return undefined;
    throw error;
  }
}

/** Refuses while a run reads the store; what dead runs left is removed. @throws {LockedError} */
export function refuseWhileRead(installDir: string, clock: Clock = systemClock): void {
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

  if (!sighting) removeDeadLock(path, clock);
  else if (sighting.isJunk && (!Number.isInteger(pid) || pid <= 0 || findProcess(pid) === 'gone')) {
    removeTree(path);
  }
}

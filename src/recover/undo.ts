import { statSync } from 'node:fs';
import { join } from 'node:path';
import { FailedError, messageOf, NotFoundError } from '../errors.js';
import { acquireLock, type Lock } from '../platform/lock.js';
import { RECOVER_LOCK, refuseInterruptedRecover, refuseWhileRead } from '../server/recover-mark.js';
import { forgetKept, type Journal, readJournal, settle, swapBack, swapForward, writeJournal } from './journal.js';
import { makeStaging } from './placement.js';
import type { RecoverRequest } from './request.js';

/** What a journal of an earlier call asks for: to complete it, to go back, to forget what it kept. */

/** @throws {LockedError} while another recover, or a backup, works on the store */
export async function lockStore(request: RecoverRequest): Promise<Lock> {
  const lock = await acquireLock({
    path: join(request.cfgDir, RECOVER_LOCK),
    what: 'the store',
    command: 'recover',
    clock: request.clock,
    ...(request.signal ? { signal: request.signal } : {}),
  });
  try {
    refuseWhileRead(request.cfgDir);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The new state is complete: the old one goes, or is kept for a rollback. */
export function endSwap(home: string, journal: Journal): void {
  if (journal.keepsOld) writeJournal(home, { ...journal, phase: 'kept' });
  else settle(home, journal);
}

/**
 * A swap that cannot go on: the old state comes back whole. Where that fails too, or where --in-place removed it, the
 * journal stays for the next call.
 * @returns what to throw
 */
export function undoSwap(home: string, journal: Journal, reason: string): FailedError {
  const advice = 'Close what has files of the store open, the Explorer and virus scanners too';
  if (journal.isInPlace) {
    return new FailedError(`the recover is not complete: ${reason}`, {
      hints: [`${advice}, then run it again: it goes on from here.`],
    });
  }
  try {
    goBack(home, journal);
  } catch (error) {
    const fact = `the store is half old, half new: ${reason}; then ${messageOf(error)}`;
    return new FailedError(fact, { hints: [`${advice}, then run recover --rollback: it completes the way back.`] });
  }
  return new FailedError(reason, { hints: [`Nothing was changed. ${advice}, and try again.`] });
}

function goBack(home: string, journal: Journal): void {
  writeJournal(home, { ...journal, phase: 'rolling-back' });
  swapBack(journal.units);
  settle(home, journal);
}

/**
 * Completes a recover or rollback that was interrupted.
 * @returns what was completed, for a line to the user
 */
export function finishInterrupted(home: string): string | undefined {
  const journal = readJournal(home);
  if (!journal || journal.phase === 'kept' || journal.phase === 'emptied') return undefined;
  if (journal.phase === 'swapping') {
    swapForward(journal.units);
    endSwap(home, journal);
    return `the recover of ${journal.archive} that was interrupted is complete now`;
  }
  if (journal.phase === 'rolling-back') {
    swapBack(journal.units);
    settle(home, journal);
    return 'the rollback that was interrupted is complete now';
  }
  settle(home, journal);
  return undefined;
}

/** One undo is kept: that of the recover before goes when the next one begins. What an --in-place removed stays named. */
export function dropKept(home: string): void {
  const journal = readJournal(home);
  if (journal?.phase === 'kept') forgetKept(home, journal);
}

/** What a rollback puts back. */
export interface RollbackPlan {
  readonly archive: string;
  /** When the recover that is undone was started: RFC 3339, UTC. */
  readonly startedAt: string;
  readonly restores: readonly string[];
}

/**
 * What `rollBack` would do now; changes nothing.
 * @throws {NotFoundError} when no old state is kept · {FailedError} when it is removed already (--in-place)
 */
export function planRollback({ cfgDir }: Pick<RecoverRequest, 'cfgDir'>): RollbackPlan {
  const journal = readJournal(cfgDir);
  if (!journal || journal.phase === 'settled') throw noRollback();
  if (journal.phase === 'emptied') refuseInterruptedRecover(cfgDir);
  const { archive, startedAt, units } = journal;
  if (journal.isInPlace) {
    throw new FailedError(`the recover of ${archive} removed the state before it (--in-place): there is no way back`, {
      hints: ['Run that recover again: it completes what was begun.'],
    });
  }
  return { archive, startedAt, restores: units.map(({ live }) => live) };
}

/**
 * Restores the state before the last recover that kept it, or that was interrupted.
 * @returns the paths that were put back
 * @throws {NotFoundError} when no old state is kept
 */
export async function rollBack(request: RecoverRequest): Promise<readonly string[]> {
  if (statSync(request.cfgDir, { throwIfNoEntry: false }) === undefined) throw noRollback();
  const lock = await lockStore(request);
  try {
    await request.refuseWhileRunning();
    const { restores } = planRollback(request);
    const journal = readJournal(request.cfgDir);
    if (!journal) throw noRollback();
    for (const staging of journal.stagingDirs) makeStaging(staging);
    goBack(request.cfgDir, journal);
    return restores;
  } finally {
    lock.release();
  }
}

function noRollback(): NotFoundError {
  return new NotFoundError('no state before a recover is kept', {
    hints: ['A recover keeps it when it is run with --keep-old or --backup.'],
  });
}

import { mkdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { readSelections } from '../archive/read-archive.js';
import { DamagedArchiveError, FailedError, messageOf, NotFoundError } from '../errors.js';
import { monotonicMs } from '../platform/clock.js';
import { acquireLock, type Lock } from '../platform/lock.js';
import { removeTree } from '../platform/patience.js';
import { RECOVER_LOCK, refuseInterruptedRecover, refuseWhileRead, STAGING_NAME } from '../server/recover-mark.js';
import { applyFolders } from './additive.js';
import {
  cleanUp,
  dropStaged,
  forgetKept,
  type Journal,
  orderUnits,
  readJournal,
  type SwapUnit,
  swapBack,
  swapForward,
  writeJournal,
} from './journal.js';
import { makeStaging, placeUnit, type SwapScope, toUnits } from './placement.js';
import type { PlannedRecover } from './plan-recover.js';
import type { RecoverReport, RecoverRequest } from './request.js';
import { freeBytesAt, type PlacedTop, stage } from './stage.js';

export { listRecover } from './listing.js';
export { planRecover } from './plan-recover.js';

/**
 * Replaces what the plan names. Until the journal is written the old state is untouched; from then on the new state is
 * whole on the disk, and this call or the next one completes the swap.
 * @throws {KmsError} with the old state in place
 */
export async function runRecover(request: RecoverRequest, planned: PlannedRecover): Promise<RecoverReport> {
  const startMs = monotonicMs();
  const { entries } = planned;
  for (const directory of [request.storeDir, request.cfgDir]) mkdirSync(directory, { recursive: true });
  const lock = await lockStore(request);
  try {
    await request.refuseWhileRunning();
    finishInterrupted(request);
    const tops = entries.tops.map(({ area, name }): PlacedTop => {
      return { area, placement: placeUnit(area === 'store' ? request.storeDir : request.cfgDir, name) };
    });
    refuseUnlessCovered(request, planned, tops);
    if (request.isInPlace && !request.isAdditive) await removeOld(request, planned, tops);
    await stage(request, entries, tops);
    await refuseAfterStaging(request, tops);
    if (planned.folders) return addMail(request, planned, { tops, startMs });
    const journal = swap(request, planned, tops);
    return {
      ...planned.report,
      isDryRun: false,
      keptOld: journal.keepsOld ? journal.units.filter(({ hadLive }) => hadLive).map(({ old }) => old) : [],
      durationMs: monotonicMs() - startMs,
    };
  } finally {
    lock.release();
  }
}

/** A mail server that was started meanwhile has the old state open: what was staged goes. @throws {EngineRunningError} */
async function refuseAfterStaging(request: RecoverRequest, tops: readonly PlacedTop[]): Promise<void> {
  try {
    await request.refuseWhileRunning();
  } catch (error) {
    for (const { placement } of tops) dropStaged(placement.staging);
    throw error;
  }
}

/** @throws {LockedError} while another recover, or a backup, works on the store */
async function lockStore(request: RecoverRequest): Promise<Lock> {
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

/** What an interrupted recover with --in-place removed comes back whole, or nothing else is done. @throws {FailedError} */
function refuseUnlessCovered(request: RecoverRequest, planned: PlannedRecover, tops: readonly PlacedTop[]): void {
  const journal = readJournal(request.cfgDir);
  if (journal?.phase !== 'emptied') return;
  const places = planned.roots
    ? unitsOf(request, planned, tops).map(({ live }) => live)
    : tops.map(({ placement }) => placement.live);
  const isCovered = ({ live }: SwapUnit): boolean =>
    !request.isAdditive && places.some((place) => live === place || live.startsWith(place + sep));
  if (!journal.units.every(isCovered)) refuseInterruptedRecover(request.cfgDir);
}

/** Proves every byte of the archive, then makes room: the only way that touches the old state before the new one is there. */
async function removeOld(request: RecoverRequest, planned: PlannedRecover, tops: readonly PlacedTop[]): Promise<void> {
  const { entries } = planned;
  const { problems } = await readSelections(entries.selections, { ...request, phase: 'verifying' });
  const [first] = problems;
  if (first)
    throw new DamagedArchiveError(`entry ${JSON.stringify(first.name)} is damaged: ${first.reason}`, {
      hints: ['Nothing was changed.'],
    });
  const units = unitsOf(request, planned, tops);
  writeJournal(request.cfgDir, newJournal(request, planned, { phase: 'emptied', units, tops }));
  for (const { live } of units) removeTree(live);
  if (entries.diskBytes > freeBytesAt(request.storeDir)) {
    throw new FailedError('there is too little space even without the old store, which is removed', {
      hints: ['Free space, then recover again: the archive was read whole and is sound.'],
    });
  }
}

/** Moves what was staged and proven into the live folders. */
function addMail(
  request: RecoverRequest,
  { report, folders = [] }: PlannedRecover,
  { tops, startMs }: { tops: readonly PlacedTop[]; startMs: number },
): RecoverReport {
  const staging = tops[0]?.placement.staging ?? join(request.storeDir, STAGING_NAME);
  try {
    const additive = applyFolders(request.storeDir, join(staging, 'new'), folders);
    return { ...report, isDryRun: false, additive, durationMs: monotonicMs() - startMs };
  } finally {
    dropStaged(staging);
  }
}

function swap(request: RecoverRequest, planned: PlannedRecover, tops: readonly PlacedTop[]): Journal {
  dropKept(request.cfgDir);
  const units = unitsOf(request, planned, tops);
  const journal = newJournal(request, planned, { phase: 'swapping', units, tops });
  writeJournal(request.cfgDir, journal);
  try {
    swapForward(journal.units);
  } catch (error) {
    throw undoSwap(request.cfgDir, journal, messageOf(error));
  }
  endSwap(request.cfgDir, journal);
  return journal;
}

/** The old state comes back whole. Where that fails too, the journal stays for the next call. */
function undoSwap(home: string, journal: Journal, reason: string): FailedError {
  const advice = 'Close what has files of the store open, the Explorer and virus scanners too';
  try {
    writeJournal(home, { ...journal, phase: 'rolling-back' });
    swapBack(journal.units);
    cleanUp(home, journal);
  } catch (error) {
    const fact = `the store is half old, half new: ${reason}; then ${messageOf(error)}`;
    return new FailedError(fact, { hints: [`${advice}, then run recover --rollback: it completes the way back.`] });
  }
  return new FailedError(reason, { hints: [`Nothing was changed. ${advice}, and try again.`] });
}

function newJournal(
  request: RecoverRequest,
  { report }: PlannedRecover,
  { phase, units, tops }: { phase: Journal['phase']; units: readonly SwapUnit[]; tops: readonly PlacedTop[] },
): Journal {
  return {
    phase,
    archive: report.archives.join(' + '),
    startedAt: request.clock().toISOString(),
    units,
    keepsOld: request.keepsOld || request.keepsBeside,
    stagingDirs: [...new Set(tops.map(({ placement }) => placement.staging))],
  };
}

function unitsOf(request: RecoverRequest, planned: PlannedRecover, tops: readonly PlacedTop[]): SwapUnit[] {
  return orderUnits(tops.flatMap(({ placement }) => toUnits(placement, scopeOf(request, planned, placement.name))));
}

/** The roots below one top-level name. */
function scopeOf({ keepsBeside }: RecoverRequest, { roots }: PlannedRecover, name: string): SwapScope {
  const below = roots?.filter((root) => root.startsWith(`${name}/`)).map((root) => root.slice(name.length + 1));
  return { roots: below, keepsBeside };
}

/** The new state is complete: the old one goes, or is kept for a rollback. */
function endSwap(home: string, journal: Journal): void {
  if (journal.keepsOld) writeJournal(home, { ...journal, phase: 'kept' });
  else cleanUp(home, journal);
}

/**
 * Completes a recover or rollback that was interrupted.
 * @returns what was completed, for a line to the user
 */
function finishInterrupted({ cfgDir }: Pick<RecoverRequest, 'cfgDir'>): string | undefined {
  const journal = readJournal(cfgDir);
  if (!journal || journal.phase === 'kept' || journal.phase === 'emptied') return undefined;
  if (journal.phase === 'swapping') {
    swapForward(journal.units);
    endSwap(cfgDir, journal);
    return `the recover of ${journal.archive} that was interrupted is complete now`;
  }
  swapBack(journal.units);
  cleanUp(cfgDir, journal);
  return 'the rollback that was interrupted is complete now';
}

/** One undo is kept: that of the recover before goes when the next one begins. */
function dropKept(home: string): void {
  const journal = readJournal(home);
  if (journal) forgetKept(home, journal);
}

/**
 * Restores the state before the last recover that kept it.
 * @returns the paths that were put back
 * @throws {NotFoundError} when no old state is kept
 */
export async function rollBack(request: RecoverRequest): Promise<string[]> {
  if (statSync(request.cfgDir, { throwIfNoEntry: false }) === undefined) throw noRollback();
  const lock = await lockStore(request);
  try {
    await request.refuseWhileRunning();
    const found = readJournal(request.cfgDir);
    finishInterrupted(request);
    if (found?.phase === 'rolling-back') return found.units.map(({ live }) => live);
    const journal = readJournal(request.cfgDir);
    if (!journal) throw noRollback();
    if (journal.phase === 'emptied') refuseInterruptedRecover(request.cfgDir);
    for (const staging of journal.stagingDirs) makeStaging(staging);
    writeJournal(request.cfgDir, { ...journal, phase: 'rolling-back' });
    swapBack(journal.units);
    cleanUp(request.cfgDir, journal);
    return journal.units.map(({ live }) => live);
  } finally {
    lock.release();
  }
}

function noRollback(): NotFoundError {
  return new NotFoundError('no state before a recover is kept', {
    hints: ['A recover keeps it when it is run with --keep-old or --backup.'],
  });
}

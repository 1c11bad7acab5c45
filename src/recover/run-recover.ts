import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readSelections } from '../archive/read-archive.js';
import { DamagedArchiveError, FailedError, NotFoundError } from '../errors.js';
import { monotonicMs } from '../platform/clock.js';
import { acquireLock, type Lock } from '../platform/lock.js';
import { RECOVER_LOCK, STAGING_NAME } from '../server/recover-mark.js';
import { applyFolders } from './additive.js';
import {
  cleanUp,
  dropStaged,
  forgetKept,
  type Journal,
  orderUnits,
  readJournal,
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
    if (request.isInPlace && !request.isAdditive) await removeOld(request, planned, tops);
    await stage(request, entries, tops);
    await request.refuseWhileRunning();
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

function lockStore(request: RecoverRequest): Promise<Lock> {
  return acquireLock({
    path: join(request.cfgDir, RECOVER_LOCK),
    what: 'the store',
    command: 'recover',
    clock: request.clock,
    ...(request.signal ? { signal: request.signal } : {}),
  });
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
  for (const { placement } of tops) {
    for (const unit of toUnits(placement, scopeOf(request, planned, placement.name)))
      rmSync(unit.live, { recursive: true, force: true });
  }
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
  const journal: Journal = {
    phase: 'swapping',
    archive: planned.report.archives.join(' + '),
    startedAt: request.clock().toISOString(),
    units: orderUnits(tops.flatMap(({ placement }) => toUnits(placement, scopeOf(request, planned, placement.name)))),
    keepsOld: request.keepsOld || request.keepsBeside,
    stagingDirs: [...new Set(tops.map(({ placement }) => placement.staging))],
  };
  writeJournal(request.cfgDir, journal);
  swapForward(journal.units);
  endSwap(request.cfgDir, journal);
  return journal;
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
  if (!journal || journal.phase === 'kept') return undefined;
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
    finishInterrupted(request);
    const journal = readJournal(request.cfgDir);
    if (!journal) throw noRollback();
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

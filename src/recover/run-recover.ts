import { lstatSync } from 'node:fs';
import { sep } from 'node:path';
import { readSelections } from '../archive/read-archive.js';
import { DamagedArchiveError, FailedError, InterruptedError, messageOf } from '../errors.js';
import { monotonicMs } from '../platform/clock.js';
import { removeTree } from '../platform/remove-tree.js';
import { refuseInterruptedRecover } from '../server/recover-mark.js';
import { type AdditiveCounts, applyFolders, type FolderPlan } from './additive.js';
import {
  dropStaged,
  type Journal,
  orderUnits,
  readJournal,
  type SwapUnit,
  swapForward,
  writeJournal,
} from './journal.js';
import { isUnknownLink, type PlacedTop, placeTops, stagedPathOf } from './placed-tops.js';
import { makePlaces, rootsWithin, toUnits } from './placement.js';
import type { PlannedRecover } from './plan-recover.js';
import type { RecoverReport, RecoverRequest } from './request.js';
import { measureSpace } from './space.js';
import { stage } from './stage.js';
import { dropKept, endSwap, finishInterrupted, lockStore, undoSwap } from './undo.js';

const EMPTIED = 'what is to be replaced is removed (--in-place): run the same recover again, it completes this one';

export { listRecover } from './listing.js';
export { planRecover } from './plan-recover.js';
export { planRollback, rollBack } from './undo.js';

/**
 * Replaces what the plan names. Until the journal is written the old state is untouched; from then on the new state is
 * whole on the disk, and this call or the next one completes the swap.
 * @throws {KmsError} with the old state in place
 */
export async function runRecover(request: RecoverRequest, planned: PlannedRecover): Promise<RecoverReport> {
  const startMs = monotonicMs();
  const { entries } = planned;
  makePlaces([request.storeDir, request.cfgDir]);
  const lock = await lockStore(request);
  try {
    await request.refuseWhileRunning();
    const finished = finishInterrupted(request.cfgDir);
    const tops = placeTops(request, entries);
    refuseUnlessCovered(request, planned, tops);
    if (request.isInPlace && !request.isAdditive) await removeOld(request, planned, tops);
    const offTimes = await stage(request, entries, tops).catch((error: unknown) => {
      throw request.isInPlace && error instanceof InterruptedError ? error.keeping(EMPTIED) : error;
    });
    await refuseAfterStaging(request, tops);
    const report = { ...planned.report, isDryRun: false, finished: finished ?? null, offTimes };
    if (planned.folders) {
      const additive = await addMail(request, planned.folders, tops);
      return { ...report, additive, durationMs: monotonicMs() - startMs };
    }
    const journal = swap(request, planned, tops);
    return {
      ...report,
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
  dropKept(request.cfgDir);
  // Files take no room, and without mailserver.cfg no next call would find the server.
  const units = unitsOf(request, planned, tops).filter(({ live }) => isDirectory(live));
  writeJournal(request.cfgDir, newJournal(request, planned, { phase: 'emptied', units, tops }));
  for (const { live } of units) removeTree(live);
  const { needed, free } = measureSpace(request, entries);
  if (needed > free) {
    throw new FailedError('there is too little space even without the old store, which is removed', {
      hints: ['Free space, then recover again: the archive was read whole and is sound.'],
    });
  }
}

/** Moves what was staged and proven into the live folders. @throws {InterruptedError} saying how many were added */
async function addMail(
  request: RecoverRequest,
  folders: readonly FolderPlan[],
  tops: readonly PlacedTop[],
): Promise<AdditiveCounts> {
  const placements = tops.map(({ placement }) => placement);
  try {
    return await applyFolders(folders, {
      storeDir: request.storeDir,
      stagedPathOf: (path) => stagedPathOf(placements, path),
      signal: request.signal,
    });
  } finally {
    for (const { staging } of placements) dropStaged(staging);
  }
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function swap(request: RecoverRequest, planned: PlannedRecover, tops: readonly PlacedTop[]): Journal {
  dropKept(request.cfgDir);
  const units = unitsOf(request, planned, tops);
  const journal = newJournal(request, planned, { phase: 'swapping', units, tops });
  // Over the journal of an --in-place: between the two the emptied store must not look whole.
  writeJournal(request.cfgDir, journal);
  try {
    swapForward(journal.units);
  } catch (error) {
    throw undoSwap(request.cfgDir, journal, messageOf(error));
  }
  endSwap(request.cfgDir, journal);
  return journal;
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
    isInPlace: request.isInPlace,
    stagingDirs: [...new Set(tops.map(({ placement }) => placement.staging))],
  };
}

/** What is swapped. A link to a disk of which the archive holds nothing stays: no backup looks behind such links. */
function unitsOf(request: RecoverRequest, { entries, roots }: PlannedRecover, tops: readonly PlacedTop[]): SwapUnit[] {
  const units = tops.flatMap(({ area, placement }) => {
    if (isUnknownLink(entries, placement)) return [];
    const beside = tops.filter((top) => top.area === area).map((top) => top.placement);
    const own = roots ?? entries.tops.filter((top) => top.area === area).map(({ name }) => name);
    return toUnits(placement, { roots: rootsWithin(placement, beside, own), keepsBeside: request.keepsBeside });
  });
  return orderUnits(units);
}

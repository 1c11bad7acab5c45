import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InterruptedError } from '../errors.js';
import { monotonicMs } from '../platform/clock.js';
import { keptDirectories } from '../server/kept-states.js';
import type { FoundJournal } from '../server/recover-journal.js';
import type { SwapUnit } from '../server/recover-journal-text.js';
import { exists } from '../server/recover-state.js';
import type { Area } from '../store/entry-place.js';
import { adaptStaged } from './adapt-staged.js';
import { addMail } from './add-mail.js';
import { AddedNotes, findUnended } from './added-notes.js';
import type { PlannedFolders } from './additive.js';
import { carryOver } from './carry-over.js';
import { finishAll, isSameCall } from './earlier.js';
import { placeTops, stagedPathOf } from './placed-tops.js';
import { makePlaces } from './placement.js';
import { type HeldPlaces, holdPlaces, refuseHeldPlaces } from './places.js';
import type { PlannedRecover } from './plan-recover.js';
import {
  prepareStaging,
  refuseAfterStaging,
  refuseUnlessCovered,
} from './prepare.js';
import { removeOld } from './remove-old.js';
import type { RecoverReport, RecoverRequest } from './request.js';
import { beginSwap, type PlacedRecover, swap } from './run-swap.js';
import { stage } from './stage.js';
import { dropStaged, warnOfOrphans } from './staging.js';
import { StayingFolders } from './staying-folders.js';
import { isMailArchive } from './top-level-names.js';
import { placesOf, planStaging, unitsOf } from './units.js';

/** Recovering: what is planned is staged, proven and put in place. */

const EMPTIED =
  'what is to be replaced is removed (--in-place): run the same recover again, it completes this one';

export { forget, planForget } from './forget.js';
export { listRecover } from './listing.js';
export { planAnew } from './plan-anew.js';
export { planRecover } from './plan-recover.js';
export { planRollback, refuseBusyRollback, rollBack } from './rollback.js';

/**
 * Replaces what the plan names. Until the journal is written the old state is untouched; from then on the new state is
 * whole on the disk, and this call or the next one completes the swap.
 * @throws {KmsError} with the old state in place
 */
export async function runRecover(
  asked: RecoverRequest,
  planned: PlannedRecover,
): Promise<RecoverReport> {
  const startMs = monotonicMs();
  const request = { ...asked, ...makeRoots(planned) };

  const held = await holdPlaces(request, placesOf(request, planned.entries), [
    request.storeDir,
    request.cfgDir,
  ]);

  try {
    await request.refuseWhileRunning();

    const report = await recoverHeld(request, planned, held);

    return {
      ...planned.report,
      ...report,
      isDryRun: false,
      durationMs: monotonicMs() - startMs,
    };
  } finally {
    held.release();
  }
}

/** Refuses while another recover, or a backup, works where this one would. @throws {LockedError} */
export function refuseBusyRecover(
  request: RecoverRequest,
  planned: PlannedRecover,
): void {
  const { storeDir, cfgDir } = request;

  refuseHeldPlaces([...placesOf(request, planned.entries), storeDir, cfgDir]);
}

/** Makes the directories that something goes into. @returns their real paths, and the one that the mail archive goes to */
function makeRoots({
  entries,
  report,
}: PlannedRecover): Pick<RecoverRequest, 'storeDir' | 'archiveDir' | 'cfgDir'> {
  const toPlace = (area: Area, path: string): string => {
    if (entries.tops.some((top) => top.area === area)) makePlaces([path]);

    return exists(path) ? realpathSync(path) : path;
  };

  const toParent = (path: string): string => {
    const parent = dirname(path);
    if (entries.tops.some(isMailArchive)) makePlaces([parent]);

    return exists(parent) ? join(realpathSync(parent), basename(path)) : path;
  };

  return {
    storeDir: toPlace('store', report.storeDir),
    archiveDir: toParent(report.archiveDir),
    cfgDir: toPlace('install', report.cfgDir),
  };
}

type Outcome = Pick<
  RecoverReport,
  | 'finished'
  | 'keptOld'
  | 'keepsIn'
  | 'warnings'
  | 'additive'
  | 'offTimes'
  | 'carried'
>;

/** Completes what earlier calls began, then recovers; where one of them was this very call, that is all. */
async function recoverHeld(
  request: RecoverRequest,
  planned: PlannedRecover,
  held: HeldPlaces,
): Promise<Outcome> {
  const sameCall = held.found.find(({ journal }) =>
    isSameCall(journal, planned.call, request, held.deadPids),
  );
  const { message, warnings } = finishAll(
    held,
    sameCall,
    planned.report.keepsOld,
  );

  const before = {
    finished: message ?? null,
    warnings: [...planned.report.warnings, ...warnings],
  };

  if (sameCall) {
    return { ...before, ...completedBy(sameCall, planned) };
  }

  const tops = placeTops(request, planned.entries);
  const placed = { tops, staging: planStaging(request, tops) };
  const orphans = warnOfOrphans(placed.staging.stagingDirs);

  const offTimes = await stageAll(request, planned, placed);
  const carried = await carryMissing(request, planned, placed);
  const brought = planned.folders
    ? await addAll(request, { ...planned, folders: planned.folders }, placed)
    : swapAll(request, planned, placed);

  return {
    ...before,
    ...brought,
    carried,
    warnings: [...before.warnings, ...orphans, ...brought.warnings],
    offTimes,
  };
}

/**
 * Extracts and proves everything beside what it replaces; with --in-place, in the room of what it replaces.
 * @returns the entries whose times the file system does not keep
 */
async function stageAll(
  request: RecoverRequest,
  planned: PlannedRecover,
  placed: PlacedRecover,
): Promise<readonly string[]> {
  const { tops, staging } = placed;

  refuseUnlessCovered(request, planned, tops);
  prepareStaging(request, planned, placed);
  if (request.isInPlace && !request.isAdditive) {
    await removeOld(request, planned, placed);
  }

  const offTimes = await stage(request, planned.entries, tops).catch(
    (error: unknown) => {
      throw request.isInPlace && error instanceof InterruptedError
        ? error.keeping(EMPTIED)
        : error;
    },
  );

  adaptStaged(placed, planned.report.adapted);
  await refuseAfterStaging(request, staging);

  return offTimes;
}

/** Takes over what is live and the archive does not bring: a salvage cannot, or it was left out on purpose. What is added replaces nothing. */
async function carryMissing(
  request: RecoverRequest,
  planned: PlannedRecover,
  { tops, staging }: PlacedRecover,
): Promise<string[]> {
  if (planned.folders) return [];

  const { chain, roots } = planned;
  const units = unitsOf(request, planned, tops);
  const folders = new StayingFolders(request, chain, roots);

  return carryOver({
    tops,
    units,
    staying: await folders.find(tops, units, request.signal),
    stagingDirs: staging.stagingDirs,
    missing: planned.report.lost,
    signal: request.signal,
  });
}

/** The part of the outcome that the last step brings. */
type Brought = Pick<Outcome, 'keptOld' | 'keepsIn' | 'warnings' | 'additive'>;

function swapAll(
  request: RecoverRequest,
  planned: PlannedRecover,
  placed: PlacedRecover,
): Brought {
  const { journal, warnings } = swap(request, planned, placed);

  return {
    warnings,
    ...describeKept(journal.keepsOld ? journal.units : []),
    additive: undefined,
  };
}

/** Moves the staged and proven messages into the live folders. @throws {InterruptedError} saying how many were added */
async function addAll(
  request: RecoverRequest,
  planned: PlannedRecover & { readonly folders: PlannedFolders },
  placed: PlacedRecover,
): Promise<Brought> {
  const { tops, staging } = placed;
  const placements = tops.map(({ placement }) => placement);

  try {
    const additive = await addMail(planned.folders.folders, {
      storeDir: request.storeDir,
      stagedPathOf: (path) => stagedPathOf(placements, path),
      notes: takeNotes(request, planned, placed),
      reindexes: request.reindexes,
      signal: request.signal,
    });

    return { warnings: [], ...describeKept([]), additive };
  } finally {
    for (const path of staging.stagingDirs) dropStaged(path);
  }
}

/** The notes for a rollback; none where nothing is to be kept for one. */
function takeNotes(
  request: RecoverRequest,
  planned: PlannedRecover,
  placed: PlacedRecover,
): AddedNotes | undefined {
  if (request.keeping === 'never') return undefined;

  const { stagingDirs } = placed.staging;
  const places = stagingDirs.map((path) => dirname(path));

  return new AddedNotes(
    () =>
      findUnended(places, planned.call) ??
      beginSwap(request, planned, { ...placed, units: [], phase: 'swapping' }),
  );
}

/** The outcome of an earlier call that was the same as this one. */
function completedBy(
  { journal }: FoundJournal,
  { report }: PlannedRecover,
): Omit<Outcome, 'warnings'> {
  const keepsOld = journal.keepsOld || (report.keepsOld && !journal.isInPlace);
  return {
    finished: `the recover of ${journal.archive} that was interrupted is complete now; that is all of this call`,
    ...describeKept(keepsOld ? journal.units : []),
    additive: undefined,
    offTimes: [],
    carried: [],
  };
}

function describeKept(
  units: readonly SwapUnit[],
): Pick<Outcome, 'keptOld' | 'keepsIn'> {
  return {
    keptOld: units.filter(({ hadLive }) => hadLive).map(({ old }) => old),
    keepsIn: keptDirectories(units),
  };
}

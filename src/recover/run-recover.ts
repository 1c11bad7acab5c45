import { lstatSync, realpathSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { readSelections } from '../archive/read/read-archive.js';
import {
  DamagedArchiveError,
  FailedError,
  InterruptedError,
} from '../errors.js';
import { monotonicMs } from '../platform/clock.js';
import { toSystemError } from '../platform/system-error.js';
import { removeTree } from '../platform/remove-tree.js';
import { type FoundJournal, findJournals } from '../server/recover-journal.js';
import type { SwapUnit } from '../server/recover-journal-text.js';
import { refuseInterruptedRecover } from '../server/recover-mark.js';
import {
  type AdditiveCounts,
  applyFolders,
  type FolderPlan,
} from './additive.js';
import { warnOfConfig } from './config-warnings.js';
import { finishAll, isSameCall } from './earlier.js';
import { dropSpares, syncJournal } from './journal.js';
import { type PlacedTop, placeTops, stagedPathOf } from './placed-tops.js';
import { makePlaces } from './placement.js';
import { type HeldPlaces, holdPlaces } from './places.js';
import type { PlannedRecover } from './plan-recover.js';
import { refuseUnswappable } from './preflight.js';
import { beginSwap, type PlacedRecover, swap } from './run-swap.js';
import type { RecoverReport, RecoverRequest } from './request.js';
import { measureSpace } from './space.js';
import { stage, toStageError } from './stage.js';
import {
  dropStaged,
  makeStaging,
  refuseForeign,
  warnOfOrphans,
} from './staging.js';
import { placesOf, planStaging, type StagingPlan, unitsOf } from './units.js';

const EMPTIED =
  'what is to be replaced is removed (--in-place): run the same recover again, it completes this one';

export { listRecover } from './listing.js';
export { planRecover } from './plan-recover.js';
export { planRollback, rollBack } from './rollback.js';

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
  makePlaces([asked.storeDir, asked.cfgDir]);

  const request = {
    ...asked,
    storeDir: realpathSync(asked.storeDir),
    cfgDir: realpathSync(asked.cfgDir),
  };

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

type Outcome = Pick<
  RecoverReport,
  'finished' | 'keptOld' | 'warnings' | 'additive' | 'offTimes'
>;

/** Completes what earlier calls began, then recovers; where one of them was this very call, that is all. */
async function recoverHeld(
  request: RecoverRequest,
  planned: PlannedRecover,
  held: HeldPlaces,
): Promise<Outcome> {
  const own = held.found.find(({ journal }) =>
    isSameCall(journal, planned.call, request, held.deadPids),
  );
  const { message, warnings } = finishAll(held, own, request.keepsOld);

  const before = {
    finished: message ?? null,
    warnings: [...planned.report.warnings, ...warnings],
  };

  if (own) {
    return {
      ...before,
      ...completedBy(own, request),
      additive: undefined,
      offTimes: [],
    };
  }

  const tops = placeTops(request, planned.entries);
  const staging = planStaging(request, tops);

  refuseUnlessCovered(request, planned, tops);
  before.warnings.push(...warnOfOrphans(staging.stagingDirs));
  prepare(request, planned, { tops, staging });
  if (request.isInPlace && !request.isAdditive) {
    await removeOld(request, planned, { tops, staging });
  }

  const offTimes = await stage(request, planned.entries, tops).catch(
    (error: unknown) => {
      throw request.isInPlace && error instanceof InterruptedError
        ? error.keeping(EMPTIED)
        : error;
    },
  );

  await refuseAfterStaging(request, staging);

  if (planned.folders) {
    const additive = await addMail(request, planned.folders, { tops, staging });
    return { ...before, keptOld: [], additive, offTimes };
  }

  const configWarnings = warnOfConfig(request, tops);

  const { journal, warnings: after } = swap(request, planned, {
    tops,
    staging,
  });

  return {
    ...before,
    warnings: [...before.warnings, ...configWarnings, ...after],
    keptOld: journal.keepsOld ? oldOf(journal.units) : [],
    additive: undefined,
    offTimes,
  };
}

/** What an earlier call, the same as this one, has brought and keeps. */
function completedBy(
  { journal }: FoundJournal,
  request: RecoverRequest,
): Pick<RecoverReport, 'finished' | 'keptOld'> {
  const keepsOld = journal.keepsOld || (request.keepsOld && !journal.isInPlace);
  return {
    finished: `the recover of ${journal.archive} that was interrupted is complete now; that is all of this call`,
    keptOld: keepsOld ? oldOf(journal.units) : [],
  };
}

function oldOf(units: readonly SwapUnit[]): string[] {
  return units.filter(({ hadLive }) => hadLive).map(({ old }) => old);
}

/** Makes the staging directories, and finds out whether everything can be renamed. @throws {KmsError} with nothing changed */
function prepare(
  request: RecoverRequest,
  planned: PlannedRecover,
  { tops, staging }: PlacedRecover,
): void {
  const known = findJournals(
    staging.stagingDirs.map((path) => dirname(path)),
  ).map(({ journal }) => journal.id);

  for (const path of staging.stagingDirs) refuseForeign(path);

  try {
    for (const path of staging.stagingDirs) makeStaging(path);
    dropSpares(staging.stagingDirs, known);
    if (!request.isAdditive) {
      refuseUnswappable(unitsOf(request, planned, tops), staging.stagingDirs);
    }
  } catch (error) {
    for (const path of staging.stagingDirs) dropStaged(path);
    throw toStageError(error);
  }
}

/** A mail server that was started meanwhile has the old state open: what was staged goes. @throws {EngineRunningError} */
async function refuseAfterStaging(
  request: RecoverRequest,
  { stagingDirs }: StagingPlan,
): Promise<void> {
  try {
    await request.refuseWhileRunning();
  } catch (error) {
    for (const staging of stagingDirs) dropStaged(staging);
    throw error;
  }
}

/** What an interrupted recover with --in-place removed comes back whole, or nothing else is done. @throws {FailedError} */
function refuseUnlessCovered(
  request: RecoverRequest,
  planned: PlannedRecover,
  tops: readonly PlacedTop[],
): void {
  const directories = [request.storeDir, request.cfgDir];
  const emptied = findJournals(directories).filter(
    ({ journal }) => journal.phase === 'emptied',
  );
  const units = emptied.flatMap(({ journal }) => journal.units);
  if (units.length === 0) return;

  const places = planned.roots
    ? unitsOf(request, planned, tops).map(({ live }) => live)
    : tops.map(({ placement }) => placement.live);
  const isCovered = ({ live }: SwapUnit): boolean =>
    !request.isAdditive &&
    places.some((place) => live === place || live.startsWith(place + sep));

  if (!units.every(isCovered)) refuseInterruptedRecover(directories);
}

/** Proves every byte of the archive, then makes room: the only way that touches the old state before the new one is there. */
async function removeOld(
  request: RecoverRequest,
  planned: PlannedRecover,
  placed: PlacedRecover,
): Promise<void> {
  const { entries } = planned;
  const { problems } = await readSelections(entries.selections, {
    ...request,
    phase: 'verifying',
  });

  const [first] = problems;

  if (first) {
    throw new DamagedArchiveError(
      `entry ${JSON.stringify(first.name)} is damaged: ${first.reason}`,
      {
        hints: ['Nothing was changed.'],
      },
    );
  }

  // Files take no room, and without mailserver.cfg no next call would find the server.
  const units = unitsOf(request, planned, placed.tops).filter(({ live }) =>
    isDirectory(live),
  );
  syncJournal(
    beginSwap(request, planned, { ...placed, units, phase: 'emptied' }),
  );
  for (const { live } of units) removeLive(live);

  const { needed, free } = measureSpace(request, entries);
  if (needed > free) {
    throw new FailedError(
      'there is too little space even without the old store, which is removed',
      {
        hints: [
          'Free space, then recover again: the archive was read whole and is sound.',
        ],
      },
    );
  }
}

function removeLive(live: string): void {
  try {
    removeTree(live);
  } catch (error) {
    const fact = `${live} cannot be removed whole`;
    const hints = [
      'Part of the old state is gone (--in-place). Mend that, then run the same recover again: it goes on from here.',
    ];

    throw toSystemError(error, { fact, hints }) ?? error;
  }
}

/** Moves what was staged and proven into the live folders. @throws {InterruptedError} saying how many were added */
async function addMail(
  request: RecoverRequest,
  folders: readonly FolderPlan[],
  { tops, staging }: PlacedRecover,
): Promise<AdditiveCounts> {
  const placements = tops.map(({ placement }) => placement);
  try {
    return await applyFolders(folders, {
      storeDir: request.storeDir,
      stagedPathOf: (path) => stagedPathOf(placements, path),
      signal: request.signal,
    });
  } finally {
    for (const path of staging.stagingDirs) dropStaged(path);
  }
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

import { dirname, sep } from 'node:path';
import { FailedError } from '../errors.js';
import {
  type FoundJournal,
  findJournals,
  journalPath,
} from '../server/recover-journal.js';
import type { SwapUnit } from '../server/recover-journal-text.js';
import { refuseLeftJournal } from '../server/recover-mark.js';
import { dropSpares } from './journal.js';
import type { PlacedTop } from './placed-tops.js';
import type { PlannedRecover } from './plan-recover.js';
import { refuseUnswappable } from './preflight.js';
import type { RecoverRequest } from './request.js';
import type { PlacedRecover } from './run-swap.js';
import { toStageError } from './stage.js';
import { dropStaged, makeStaging, refuseForeign } from './staging.js';
import { type StagingPlan, unitsOf } from './units.js';

/** The checks before and after staging: nothing live is changed by them. */

/** Makes the staging directories, and finds out whether everything can be renamed. @throws {KmsError} with nothing changed */
export function prepareStaging(
  request: RecoverRequest,
  planned: PlannedRecover,
  { tops, staging }: PlacedRecover,
): void {
  const known = findJournals(staging.stagingDirs.map((path) => dirname(path)));
  refuseUnclosed(known);

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

/**
 * Nothing is staged where the disk took no last phase of an earlier journal: what lies in `new` would be taken for what that
 * recover has still to put in place. @throws {FailedError}
 */
function refuseUnclosed(known: readonly FoundJournal[]): void {
  const open = known.find(({ journal }) =>
    ['swapping', 'rolling-back'].includes(journal.phase),
  );
  if (!open) return;

  throw new FailedError(
    `the journal of an earlier recover could not be closed: ${journalPath(open)}`,
    { hints: ['Nothing was changed. Look at that disk, and try again.'] },
  );
}

/** A mail server that was started meanwhile has the old state open: what was staged goes. @throws {EngineRunningError} */
export async function refuseAfterStaging(
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

/** Refuses all but the whole recover of what an interrupted one with --in-place removed. @throws {FailedError} */
export function refuseUnlessCovered(
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

  if (!units.every(isCovered)) refuseLeftJournal(directories);
}

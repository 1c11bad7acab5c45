import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { toSystemError } from '../platform/system-error.js';
import { type FoundJournal, findJournals } from '../server/recover-journal.js';
import type { Journal, SwapUnit } from '../server/recover-journal-text.js';
import { exists } from '../server/recover-state.js';
import { endSwap } from './finish.js';
import {
  abandonJournal,
  beginJournal,
  dropSpares,
  forgetKept,
  oldPaths,
  syncJournal,
} from './journal.js';
import type { PlacedTop } from './placed-tops.js';
import type { PlannedRecover } from './plan-recover.js';
import type { RecoverRequest } from './request.js';
import { toStageError } from './stage.js';
import { dropStaged } from './staging.js';
import { swapForward } from './swap.js';
import { undoSwap } from './undo.js';
import { type StagingPlan, unitsOf } from './units.js';

/** The places of a recover's parts. */
export interface PlacedRecover {
  readonly tops: readonly PlacedTop[];
  readonly staging: StagingPlan;
}

/**
 * Replaces the old state by the staged one, under a journal.
 * @returns the journal, and warnings of what could not be put away afterwards
 * @throws {KmsError} with the old state in place, or, with --in-place, a journal that the next call completes
 */
export function swap(
  request: RecoverRequest,
  planned: PlannedRecover,
  placed: PlacedRecover,
): { journal: Journal; warnings: string[] } {
  const units = unitsOf(request, planned, placed.tops);
  const found = beginSwap(request, planned, {
    ...placed,
    units,
    phase: 'swapping',
  });

  try {
    syncJournal(found);

    const setAside = swapForward(units);

    return {
      journal: found.journal,
      warnings: [...setAside, ...endSwap(found)],
    };
  } catch (error) {
    throw undoSwap(found, error);
  }
}

/** The content that a journal begins with. */
interface SwapStart extends PlacedRecover {
  readonly phase: 'swapping' | 'emptied';
  readonly units: readonly SwapUnit[];
}

/**
 * Writes the journal, and gives up what earlier ones keep in the same places.
 * @throws {KmsError} with the old state in place and nothing staged
 */
export function beginSwap(
  request: RecoverRequest,
  { call, report }: PlannedRecover,
  { staging, units, phase }: SwapStart,
): FoundJournal {
  const { home, stagingDirs } = staging;
  const earlier = findJournals(stagingDirs.map((path) => dirname(path)));
  const superseded = earlier.filter(
    ({ journal }) => journal.phase !== 'emptied',
  );

  const journal: Journal = {
    id: randomBytes(4).toString('hex'),
    phase,
    archive: report.archives.join(' + '),
    startedAt: request.clock().toISOString(),
    units,
    keepsOld: request.keepsOld || request.keepsBeside,
    isInPlace: request.isInPlace,
    stagingDirs,
    call,
    pid: process.pid,
    leftovers: superseded
      .flatMap((found) => oldPaths(found.journal))
      .filter(exists),
  };

  try {
    beginJournal({ home, journal }, () => {
      for (const found of superseded) forgetKept(found);
    });
    dropSpares(stagingDirs, [journal.id]);
  } catch (error) {
    abandon({ home, journal }, earlier);
    throw toStageError(error);
  }

  return { home, journal };
}

/** An error while tidying up is left to the next call, which meets and names it. */
function abandon(found: FoundJournal, earlier: readonly FoundJournal[]): void {
  try {
    abandonJournal(
      found,
      earlier.map(({ journal }) => journal.id),
    );
    for (const path of found.journal.stagingDirs) dropStaged(path);
  } catch (error) {
    if (toSystemError(error) === undefined) throw error;
  }
}

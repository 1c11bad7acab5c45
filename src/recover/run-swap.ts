import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ticksOf } from '../platform/file-times.js';
import { toSystemError } from '../platform/system-error.js';
import {
  type FoundJournal,
  findJournals,
  journalName,
  STAGING_NAME,
} from '../server/recover-journal.js';
import type {
  Journal,
  SwapUnit,
  TimedDirectory,
} from '../server/recover-journal-text.js';
import { exists } from '../server/recover-state.js';
import { endSwap } from './finish.js';
import {
  beginJournal,
  dropSpares,
  forgetKept,
  oldPaths,
  removePlaces,
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
 * Writes the journal. What earlier recovers keep in the same places stays under theirs.
 * @throws {KmsError} with the old state in place and nothing staged
 */
export function beginSwap(
  request: RecoverRequest,
  planned: PlannedRecover,
  start: SwapStart,
): FoundJournal {
  const { home, stagingDirs } = start.staging;
  const earlier = findJournals(stagingDirs.map((path) => dirname(path)));
  const ended = phasesOf(earlier, 'settled');
  const emptied = phasesOf(earlier, 'emptied');
  const journal = newJournal(request, planned, start, earlier);
  // It takes the place of what --in-place has begun, which it completes, in one step.
  const name = emptied.find((found) => found.home === home)?.name;
  const found = { home, name: name ?? journalName(journal.id), journal };

  try {
    beginJournal(found, () => {
      for (const one of ended) forgetKept(one, found);
    });
    for (const one of emptied) if (one.home !== home) removePlaces(one, found);

    const others = earlier.filter((one) => one.journal.phase === 'kept');
    dropSpares(stagingDirs, [found, ...others]);
  } catch (error) {
    abandon(found, earlier);
    throw toStageError(error);
  }

  return found;
}

function newJournal(
  request: RecoverRequest,
  { call, report }: PlannedRecover,
  { staging, units, phase }: SwapStart,
  earlier: readonly FoundJournal[],
): Journal {
  const id = randomBytes(4).toString('hex');

  return {
    id,
    phase,
    archive: report.archives.join(' + '),
    startedAt: request.clock().toISOString(),
    units,
    keepsOld: report.keepsOld,
    isInPlace: request.isInPlace,
    stagingDirs: staging.stagingDirs,
    call,
    pid: process.pid,
    leftovers: phasesOf(earlier, 'settled')
      .flatMap((found) => oldPaths(found.journal))
      .filter(exists),
    level: 1 + Math.max(0, ...earlier.map((found) => found.journal.level)),
    parents: timedParents(units),
    oldBytes: report.oldBytes,
    ...(request.isAdditive && { added: addedListPath(staging, id) }),
  };
}

function addedListPath({ home }: StagingPlan, id: string): string {
  return join(home, STAGING_NAME, `added-${id}.jsonl`);
}

function timedParents(units: readonly SwapUnit[]): TimedDirectory[] {
  const paths = new Set(units.map(({ live }) => dirname(live)));

  return [...paths].flatMap((path) => {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });

    return stats ? [{ path, mtimeTicks: ticksOf(stats).toString() }] : [];
  });
}

function phasesOf(
  found: readonly FoundJournal[],
  phase: Journal['phase'],
): FoundJournal[] {
  return found.filter(({ journal }) => journal.phase === phase);
}

/** An error while tidying up is left to the next call, which meets and names it. */
function abandon(
  { journal }: FoundJournal,
  earlier: readonly FoundJournal[],
): void {
  try {
    dropSpares(journal.stagingDirs, earlier);
    for (const path of journal.stagingDirs) dropStaged(path);
  } catch (error) {
    if (toSystemError(error) === undefined) throw error;
  }
}

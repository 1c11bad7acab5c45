/**
 * The small files that this program keeps beside archives and beside mailserver.cfg. One that cannot be read, or that says nothing
 * usable, ends no look at the state and never counts as good news: it is a warning, which names it.
 */
import type { ArchiveState } from '../archive/archive-state.js';
import {
  type MassLossRecord,
  readMassLoss,
} from '../archive/mass-loss-record.js';
import { mirrorRecordFault } from '../archive/mirror-record.js';
import { placeMarkerFault } from '../archive/place-marker.js';
import type { Storage } from '../archive/storage.js';
import { KmsError } from '../errors.js';
import { historyFault } from '../history/history-file.js';
import { scheduleStateFault } from '../schedule/state.js';
import { taskStatesFault } from '../schedule/task-state.js';
import { knownPlacesFault } from '../server/known-places.js';
import { restartRecordFault } from '../server/restart-mark.js';
import type { SeenArchives } from '../status/status.js';
import type { OpenServer } from './server.js';

/** What they say, and what of them nobody can tell. */
export interface SideFiles {
  /** Far less mail than before, which nobody has acknowledged. */
  readonly massLoss: MassLossRecord | undefined;
  /** Each a sentence. */
  readonly faults: readonly string[];
}

/** @param archives as they were just seen in that storage */
export async function lookAtSideFiles(
  { installation }: OpenServer,
  storage: Storage,
  { states, proofFault }: SeenArchives,
): Promise<SideFiles> {
  const { dir } = installation;
  const loss = states ? await lookAtMassLoss(storage) : {};
  const faults = [
    proofFault,
    loss.fault,
    ...(states ?? []).map(pinFault),
    historyFault(dir),
    scheduleStateFault(installation),
    taskStatesFault(installation),
    knownPlacesFault(dir),
    restartRecordFault(installation),
    states && (await placeMarkerFault(storage)),
    states && (await mirrorRecordFault(storage)),
  ];

  return {
    massLoss: loss.record,
    faults: faults.filter((fault) => fault !== undefined),
  };
}

function pinFault({ pin }: ArchiveState): string | undefined {
  return pin && 'fault' in pin
    ? `${pin.fault}; its archive is kept`
    : undefined;
}

async function lookAtMassLoss(storage: Storage): Promise<{
  readonly record?: MassLossRecord | undefined;
  readonly fault?: string;
}> {
  try {
    return {
      record: await readMassLoss(storage),
    };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return {
      fault: `${error.message}; no archive is removed meanwhile, and the last set before a loss stays`,
    };
  }
}

import type { ArchiveState } from '../archive-state.js';
import {
  type ArchiveFiles,
  findArchiveFiles,
  listArchiveFiles,
} from '../backup-directory.js';
import { partsOf } from '../completeness.js';
import { inspectArchives } from '../inspect.js';
import { archiveName, parseVolumeName } from '../names.js';
import type { Storage } from '../storage.js';
import type { ArchivePlace } from '../storages.js';
import { DamagedArchiveError, messageOf, NotFoundError } from '../../errors.js';
import { type Missing, missingPart } from './missing.js';
import { openChain, type SalvagedChain } from './open-chain.js';
import type { SalvageControl } from './prove-row.js';

/**
 * Reads what is left of the point in time that a directory or file means: of a directory the newest archive of which
 * anything is left, damaged or not.
 * @param read may refuse with a DamagedArchiveError: the next older archive is read then
 * @throws {NotFoundError} when there is no archive · {DamagedArchiveError} when nothing is left of any ·
 * {Error} the operating system's
 */
export async function salvagePoint<T>(
  { storage, fileName }: ArchivePlace,
  control: SalvageControl,
  read: (salvaged: SalvagedChain) => Promise<T>,
): Promise<T> {
  const { archives, points } = await findPoints(storage, fileName);
  const states = await inspectArchives(storage, archives);
  const refusals = new Map<string, DamagedArchiveError>();

  for (const point of orderPoints(states, points)) {
    const newer = states.slice(states.indexOf(point) + 1);
    const passedOver =
      fileName === undefined ? toPassedOver(newer, refusals) : [];

    try {
      const opened = await openChain({ states, point, passedOver, control });

      return await read({
        ...opened,
        missing: [...opened.missing, ...missingNewer(refusals)],
      });
    } catch (error) {
      if (!(error instanceof DamagedArchiveError)) throw error;

      refusals.set(point.facts.files.stem, error);
    }
  }

  for (const refusal of refusals.values()) throw refusal;

  throw new NotFoundError(`there is no archive in ${storage.name}`);
}

/** Newer archives of which nothing is left: what is recovered instead is older than what there was. */
function missingNewer(
  refusals: ReadonlyMap<string, DamagedArchiveError>,
): Missing[] {
  return [...refusals].map(([stem, refusal]) => {
    const facts = { name: archiveName(stem), reason: messageOf(refusal) };

    return missingPart('archive', { stem }, facts);
  });
}

/** The archives of a storage, and those of them that are meant. */
interface FoundPoints {
  readonly archives: readonly ArchiveFiles[];
  readonly points: ReadonlySet<string>;
}

async function findPoints(
  storage: Storage,
  fileName: string | undefined,
): Promise<FoundPoints> {
  const archives = await listArchiveFiles(storage);
  if (fileName === undefined) {
    return { archives, points: new Set(archives.map(({ stem }) => stem)) };
  }

  // Its first volume may be the one that is gone.
  const stem = parseVolumeName(fileName)?.stem;
  const listed = archives.find((own) => own.stem === stem);
  const files = listed ?? (await findArchiveFiles(storage, fileName));

  return {
    archives: listed ? archives : [...archives, files],
    points: new Set([files.stem]),
  };
}

/** The newest first; what holds some parts only, and a differential whose full is not there, last. */
function orderPoints(
  states: readonly ArchiveState[],
  points: ReadonlySet<string>,
): ArchiveState[] {
  const meant = states
    .filter(({ facts }) => points.has(facts.files.stem))
    .reverse();

  return [...meant].sort((a, b) => rankOf(a) - rankOf(b));
}

function rankOf({ facts, base }: ArchiveState): number {
  if (facts.files.type === 'differential' && !base) return 2;

  return partsOf(facts) === undefined ? 0 : 1;
}

function toPassedOver(
  newer: readonly ArchiveState[],
  refusals: ReadonlyMap<string, DamagedArchiveError>,
): SalvagedChain['chain']['passedOver'] {
  return newer.map(({ facts, isRecoverable }) => {
    const { stem } = facts.files;
    const refusal = refusals.get(stem);
    const reason = refusal
      ? `nothing of what was asked for is left of it: ${messageOf(refusal)}`
      : `less would come of it: name ${archiveName(stem)} to salvage what it holds`;

    return { archive: stem, reason, isDamaged: !isRecoverable };
  });
}

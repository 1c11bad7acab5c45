import { dirname, join, sep } from 'node:path';
import { STAGING_NAME } from '../server/recover-journal.js';
import type { SwapUnit } from '../server/recover-journal-text.js';
import type { ChainEntries } from './select-entries.js';
import { placedName } from './live-roots.js';
import { isUnknownLink, type PlacedTop, placeTops } from './placed-tops.js';
import { rootsWithin, toUnits } from './placement.js';
import type { RecoverRequest } from './request.js';
import { orderUnits } from './swap.js';

/** The units that a recover swaps, and the directories that it stages in. */

/** The entries of an archive that are recovered. */
export interface Chosen {
  readonly entries: ChainEntries;
  readonly roots: readonly string[] | undefined;
}

/** The units to swap. A link to a disk of which the archive holds nothing stays: no backup looks behind such links. */
export function unitsOf(
  request: RecoverRequest,
  { entries, roots }: Chosen,
  tops: readonly PlacedTop[],
): SwapUnit[] {
  const units = tops.flatMap(({ area, placement }) => {
    if (isUnknownLink(entries, placement)) return [];

    const beside = tops
      .filter((top) => top.area === area)
      .map((top) => top.placement);
    const own =
      roots ??
      entries.tops.filter((top) => top.area === area).map(({ name }) => name);

    const scope = {
      roots: rootsWithin(placement, beside, own),
      keepsBeside: request.keepsBeside,
    };

    return toUnits(placement, scope).map((unit) => {
      const below = unit.live.slice(placement.live.length).split(sep).join('/');

      return { ...unit, entryName: placedName(area, placement.name + below) };
    });
  });

  return orderUnits(units);
}

/** The directories in which a recover stages, and the one in which it writes its journal. */
export interface StagingPlan {
  /** The directory whose staging directory holds the journal: the store, where anything of it is replaced. */
  readonly home: string;
  /** Every staging directory, also that of the store or install directory whose parts all lie elsewhere. */
  readonly stagingDirs: readonly string[];
}

export function planStaging(
  { storeDir, cfgDir }: Pick<RecoverRequest, 'storeDir' | 'cfgDir'>,
  tops: readonly PlacedTop[],
): StagingPlan {
  const homes = [
    ...(tops.some(({ area }) => area === 'store') ? [storeDir] : []),
    ...(tops.some(({ area }) => area === 'install') ? [cfgDir] : []),
  ];

  const own = homes.map((home) => join(home, STAGING_NAME));
  const stagingDirs = [
    ...new Set([...own, ...tops.map(({ placement }) => placement.staging)]),
  ];

  return { home: homes[0] ?? cfgDir, stagingDirs };
}

/** The directories that a recover replaces something in. */
export function placesOf(
  request: RecoverRequest,
  entries: ChainEntries,
): string[] {
  const { stagingDirs } = planStaging(request, placeTops(request, entries));
  return stagingDirs.map((staging) => dirname(staging));
}

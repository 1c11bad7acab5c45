import { join } from 'node:path';
import { type Area, placeOf } from '../store/entry-place.js';
import { livePathOf } from '../store/live-places.js';
import type { ChainEntries } from './select-entries.js';
import { type Placement, placeUnits } from './placement.js';
import { directoriesOf, type RecoverRequest } from './request.js';

/** A top-level name, or what lies on a disk of its own below one, with its place. */
export interface PlacedTop {
  readonly area: Area;
  readonly placement: Placement;
}

/** The places of everything that a chain brings; a disk of its own comes before the directory that it lies in. */
export function placeTops(
  request: RecoverRequest,
  { tops }: ChainEntries,
): PlacedTop[] {
  const directories = directoriesOf(request);

  return tops.flatMap(({ area, name }) => {
    const path = livePathOf(directories, area, name);

    return placeUnits(path, name).map((placement) => ({ area, placement }));
  });
}

/** The staged counterpart of a path below the store. @param placements the deepest first */
export function stagedPathOf(
  placements: readonly Placement[],
  path: string,
): string {
  const own = placements.find(
    ({ name }) => path === name || path.startsWith(`${name}/`),
  );
  if (!own) throw new RangeError(`no placement covers ${path}`);

  return join(own.staged, path.slice(own.name.length));
}

/** A link below a top-level name of which the archive holds nothing: backups name such links and do not follow them. */
export function isUnknownLink(
  { selections }: ChainEntries,
  { name, isLink }: Placement,
): boolean {
  if (!isLink || !name.includes('/')) return false;

  return !selections.some(({ table, indices }) =>
    indices.some(
      (index) =>
        placeOf(table.name(index))?.path.startsWith(`${name}/`) === true,
    ),
  );
}

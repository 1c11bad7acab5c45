import { type Area, entryNameOf, isIn } from '../store/entry-place.js';
import { livePathOf } from '../store/live-places.js';
import type { LiveRoot } from '../store/walk-live.js';
import { isUnknownLink, type PlacedTop } from './placed-tops.js';
import { topmostMissing } from './placement.js';
import { directoriesOf, type RecoverRequest } from './request.js';
import type { ChainEntries } from './select-entries.js';

/** The part of the live server that a recover replaces, and what of the archive it puts in place, by their entry names. */

/** The parts of a server that a recover replaces. */
export interface Replaced {
  readonly entries: ChainEntries;
  /** The paths below the store; undefined: top-level names whole. */
  readonly roots: readonly string[] | undefined;
  readonly tops: readonly PlacedTop[];
  /** Says of a live file that it stays all the same, by its entry name: a salvage lacks it, or the archive leaves it out on purpose. */
  readonly stays: (entryName: string) => boolean;
}

/** The live files and directories that are replaced; those on disks of their own are looked at where they lie. */
export function liveRoots(
  request: RecoverRequest,
  replaced: Replaced,
): LiveRoot[] {
  const directories = directoriesOf(request);
  const toRoot = (area: Area, name: string): LiveRoot => ({
    path: livePathOf(directories, area, name),
    entryName: placedName(area, name),
  });
  const own = ownNames(replaced).map(({ area, name }) => toRoot(area, name));
  const names = new Set(own.map(({ entryName }) => entryName));

  const linked = replaced.tops
    .filter(({ placement }) => placement.isLink && placement.name.includes('/'))
    .filter(({ placement }) => !isUnknownLink(replaced.entries, placement))
    .map(({ area, placement }) => toRoot(area, placement.name))
    .filter(({ entryName }) => !names.has(entryName) && isIn(names, entryName));

  return [...own, ...linked];
}

/** The entry names of links to disks of their own, which are looked at by themselves, or stay as they are. */
export function linkedNames({ tops }: Replaced): ReadonlySet<string> {
  return new Set(
    tops
      .filter(({ placement }) => placement.isLink)
      .map(({ area, placement }) => placedName(area, placement.name)),
  );
}

/** The entry names of what is put in place: of a part whose directory is missing, the highest that is missing. */
export function placedNames(
  request: RecoverRequest,
  replaced: Replaced,
): ReadonlySet<string> {
  const directories = directoriesOf(request);

  return new Set(
    ownNames(replaced).map(({ area, name }) =>
      placedName(area, placedPath(directories[area], name)),
    ),
  );
}

/** The highest missing path; a store that is not there yet is made before anything is put into it. */
function placedPath(base: string, name: string): string {
  const [top = name] = name.split('/');

  return topmostMissing(base, name) || top;
}

function ownNames({
  roots,
  entries,
}: Replaced): readonly { readonly area: Area; readonly name: string }[] {
  return roots ? roots.map((name) => ({ area: 'store', name })) : entries.tops;
}

/** A configuration lies at the root of an archive. */
export function placedName(area: Area, name: string): string {
  return area === 'install' && /^[^/]+\.cfg$/i.test(name)
    ? name
    : entryNameOf(area, name);
}

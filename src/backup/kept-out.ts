/** Directories of archives that lie in what is backed up: an archive is never packed into another. */
import type { DirectoryIdentity } from '../platform/look-again.js';
import { isOnePlace, liesWithin } from '../platform/one-place.js';
import { identify } from '../store/walk.js';
import type { Source, Sources } from './sources.js';

/** What is not entered, and what is said of it. */
export interface KeptOut {
  readonly identities: readonly DirectoryIdentity[];
  /** The directories that lie in a part of the backup. */
  readonly directories: readonly string[];
  readonly warnings: readonly string[];
}

/** @param places where archives lie, or wait to be sent */
export function findKeptOut(
  places: readonly string[],
  { sources, keptOut }: Pick<Sources, 'sources' | 'keptOut'>,
): KeptOut {
  const trees = sources.filter(({ entryName }) => entryName.endsWith('/'));
  const inside = places.filter((place) => liesInOneOf(place, trees));
  const directories = [...keptOut, ...inside].filter(isFirstOfItsPlace);

  return {
    identities: directories.flatMap((directory) => identify(directory) ?? []),
    directories: directories.filter((directory) => identify(directory)),
    warnings: trees
      .filter(({ path }) => places.some((place) => isOnePlace(place, path)))
      .map(describeMixture),
  };
}

function liesInOneOf(place: string, trees: readonly Source[]): boolean {
  return trees.some(
    ({ path }) => liesWithin(place, path) && !isOnePlace(place, path),
  );
}

/** Two settings may name one directory. */
function isFirstOfItsPlace(
  directory: string,
  index: number,
  all: readonly string[],
): boolean {
  return index === all.findIndex((other) => isOnePlace(other, directory));
}

/** What lies there of the mail server has to be packed. */
function describeMixture({ path, component }: Source): string {
  return `archives go to ${path} too, and are packed with ${component}: give them a directory of their own`;
}

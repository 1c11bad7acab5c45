import {
  type CountableBase,
  eachDeletedName,
  limitFor,
} from './read/read-deleted.js';
import { fileNameAt } from './entry-kind.js';
import type { ReadArchive } from './verify.js';

/** Entry names of a base that its differential replaces or deletes, by directory. */
export type HiddenNames = ReadonlyMap<string, ReadonlySet<string>>;

/** Returns the names that a differential decides about, by directory. */
export function namesOf(
  { archive }: ReadArchive,
  deleted: readonly string[],
): HiddenNames {
  const names = new Map<string, Set<string>>();
  const add = (name: string): void => {
    const prefix = name.slice(0, name.lastIndexOf('/', name.length - 2) + 1);
    const own = names.get(prefix);
    if (own) own.add(name);
    else names.set(prefix, new Set([name]));
  };

  deleted.forEach(add);

  for (const { table } of archive.volumes) {
    for (let index = 0; index < table.count; index++) {
      add(fileNameAt(table, index));
    }
  }

  return names;
}

/**
 * The names of `.deleted.txt`, or undefined where the archive has none.
 * @param base the full that the archive is measured against: more than its names cannot be deleted
 * @throws {DamagedArchiveError} when the list is damaged or longer than the base can need
 */
export async function readDeleted(
  { archive }: ReadArchive,
  base: CountableBase,
  limit = limitFor(base),
): Promise<string[] | undefined> {
  const [first] = archive.volumes;
  if (!first) return undefined;

  const names: string[] = [];
  const hasList = await eachDeletedName(first, limit, (name) => {
    names.push(name.toString('utf8'));
  });

  return hasList ? names : undefined;
}

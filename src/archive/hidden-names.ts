import { LARGEST_LIST_BYTES, readText } from './read-text.js';
import { wholeName } from './entry-names.js';
import { openFileSource } from './source.js';
import { DELETED_ENTRY } from './summary.js';
import type { ReadArchive } from './verify.js';

/** Entry names of a base that its differential replaces or deletes, by directory. */
export type HiddenNames = ReadonlyMap<string, ReadonlySet<string>>;

/** What the differential decides about its base's entries: the names by directory. */
export function namesOf({ archive }: ReadArchive, deleted: readonly string[]): HiddenNames {
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
      const name = table.name(index);
      add(table.part(index) ? wholeName(name) : name);
    }
  }
  return names;
}

/** The names of `.deleted.txt`, or undefined where the archive has none. */
export async function readDeleted({ archive }: ReadArchive): Promise<string[] | undefined> {
  const [first] = archive.volumes;
  if (!first) return undefined;
  for (let index = 0; index < Math.min(first.table.count, 8); index++) {
    if (first.table.name(index) !== DELETED_ENTRY) continue;
    const source = openFileSource(first.file.path, first.file.name);
    try {
      return (await readText(source, first.table, index, LARGEST_LIST_BYTES)).split('\n').filter((line) => line !== '');
    } finally {
      source.close();
    }
  }
  return undefined;
}

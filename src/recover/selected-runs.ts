import { wholeName } from '../archive/entry-names.js';
import { IndexRuns } from '../archive/read/indices.js';
import type { Selection } from '../archive/read/read-archive.js';
import { directoryRuns } from '../archive/zip/directory-runs.js';
import type { EntryTable } from '../archive/zip/entry-table.js';

/** Chosen entries by the directories that they lie in: the meaning of a path is found out once a directory. */

/** Chosen entries of a volume next to each other that lie in one directory. */
export interface SelectedRun {
  readonly table: EntryTable;
  /** The directory's entry name with its final `/`; empty for the archive's root. */
  readonly prefix: string;
  readonly indices: IndexRuns;
  /** The name of an entry's file in the directory, that of the whole file for a piece of one. */
  readonly fileName: (index: number) => string;
}

/** @param selections with their indices in the order of the table */
export function* selectedRuns(
  selections: readonly Selection[],
): Generator<SelectedRun> {
  for (const { table, indices } of selections) {
    const rest = indices[Symbol.iterator]();
    let next = rest.next();

    for (const { prefix, prefixBytes, end } of directoryRuns(table)) {
      const own = new IndexRuns();
      for (; next.done !== true && next.value < end; next = rest.next()) {
        own.add(next.value);
      }

      if (own.length === 0) continue;

      yield {
        table,
        prefix,
        indices: own,
        fileName: (index) => {
          const name = table.nameAfter(index, prefixBytes);

          return table.piece(index) ? wholeName(name) : name;
        },
      };
    }
  }
}

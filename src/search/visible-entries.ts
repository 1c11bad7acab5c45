import type { HiddenNames } from '../archive/hidden-names.js';
import { fileNameAt } from '../archive/entry-kind.js';
import {
  type DirectoryRun,
  directoryRuns,
} from '../archive/zip/directory-runs.js';
import type { EntryTable } from '../archive/zip/entry-table.js';

/** Visits the entries of a full that a differential neither replaces nor deletes. An iterator would make an object for each of them. */
export function visitVisible(
  table: EntryTable,
  hidden: HiddenNames | undefined,
  visit: (index: number) => void,
): void {
  for (const run of directoryRuns(table)) {
    const names = hidden?.get(run.prefix);
    const isHidden = names ? hiddenBy(table, run, names) : () => false;

    for (let index = run.start; index < run.end; index++) {
      if (!isHidden(index)) visit(index);
    }
  }
}

/** A string is made only of a name whose hash is that of a hidden one: there are many nights, and many names. */
function hiddenBy(
  table: EntryTable,
  { prefixBytes }: DirectoryRun,
  names: ReadonlySet<string>,
): (index: number) => boolean {
  const hashes = new Set<number>();

  for (const name of names) {
    const bytes = Buffer.from(name);
    hashes.add(hashOf(bytes, prefixBytes, bytes.length));
  }

  return (index) => {
    const from = table.nameStart(index);
    const to = from + table.nameLength(index);
    const mayBeHidden =
      table.piece(index) !== undefined ||
      hashes.has(hashOf(table.names, from + prefixBytes, to));

    return mayBeHidden && names.has(fileNameAt(table, index));
  };
}

/** FNV-1a. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) {
    hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  }

  return hash;
}

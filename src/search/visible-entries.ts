import type { HiddenNames } from '../archive/hidden-names.js';
import { fileNameAt } from '../archive/entry-kind.js';
import {
  type DirectoryRun,
  directoryRuns,
} from '../archive/zip/directory-runs.js';
import type { EntryTable } from '../archive/zip/entry-table.js';

/** The entries of a full that a differential neither replaces nor deletes. */
export function* visibleIn(
  table: EntryTable,
  hidden: HiddenNames | undefined,
): Generator<number> {
  for (const run of directoryRuns(table)) {
    const names = hidden?.get(run.prefix);

    if (!names) {
      for (let index = run.start; index < run.end; index++) yield index;
    } else {
      yield* visibleOf(table, run, names);
    }
  }
}

/** A string is made only of a name whose hash is that of a hidden one: there are many nights, and many names. */
function* visibleOf(
  table: EntryTable,
  { prefixBytes, start, end }: DirectoryRun,
  names: ReadonlySet<string>,
): Generator<number> {
  const hashes = new Set<number>();

  for (const name of names) {
    const bytes = Buffer.from(name);
    hashes.add(hashOf(bytes, prefixBytes, bytes.length));
  }

  for (let index = start; index < end; index++) {
    const from = table.nameStart(index);
    const to = from + table.nameLength(index);
    const mayBeHidden =
      table.piece(index) !== undefined ||
      hashes.has(hashOf(table.names, from + prefixBytes, to));

    if (!mayBeHidden || !names.has(fileNameAt(table, index))) yield index;
  }
}

/** FNV-1a. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) {
    hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  }

  return hash;
}

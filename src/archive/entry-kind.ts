import type { EntryTable } from './entry-table.js';
import { isOwnText } from './summary.js';

/** What entries are, told from their names' bytes: no string is made for a million of them. */

/** Whether an entry is a message: its name ends in `.eml`. */
export function isMessageAt(table: EntryTable, index: number): boolean {
  const bytes = table.columns.nameBytes;
  const end = table.nameStart(index) + table.nameLength(index);
  return bytes[end - 1] === 0x6c && bytes[end - 2] === 0x6d && bytes[end - 3] === 0x65 && bytes[end - 4] === 0x2e;
}

/** Whether an entry is one of our texts at the archive's root. */
export function isOwnTextAt(table: EntryTable, index: number): boolean {
  return table.columns.nameBytes[table.nameStart(index)] === 0x2e && isOwnText(table.name(index));
}

/** Entries next to each other that lie in one directory. */
export interface DirectoryRun {
  /** With its `/`; empty for the archive's root. */
  readonly prefix: string;
  readonly start: number;
  readonly end: number;
}

/** Cuts a table into runs of one directory each, so that what a path means is found out once a run. */
export function* directoryRuns(table: EntryTable): Generator<DirectoryRun> {
  const bytes = table.columns.nameBytes;
  let start = 0;
  let length = 0;
  for (let index = 0; index < table.count; index++) {
    const own = prefixLength(bytes, table.nameStart(index), table.nameLength(index));
    if (index > 0 && own === length && isSame(bytes, table.nameStart(index - 1), table.nameStart(index), own)) continue;
    if (index > start) yield { prefix: prefixOf(table, start, length), start, end: index };
    [start, length] = [index, own];
  }
  if (table.count > start) yield { prefix: prefixOf(table, start, length), start, end: table.count };
}

/** Up to and with the last `/` before the name's last character. */
function prefixLength(bytes: Uint8Array, start: number, length: number): number {
  let at = length - 1;
  while (at > 0 && bytes[start + at - 1] !== 0x2f) at--;
  return Math.max(0, at);
}

function isSame(bytes: Uint8Array, first: number, second: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (bytes[first + at] !== bytes[second + at]) return false;
  return true;
}

function prefixOf(table: EntryTable, index: number, length: number): string {
  return table.nameBytes(index).toString('utf8', 0, length);
}

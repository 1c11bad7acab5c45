import type { EntryTable } from './entry-table.js';
import { isOwnText } from './summary.js';

/** What entries are, told from their names' bytes: no string is made for a million of them. */

/** Whether an entry is a message: its name ends in `.eml`. */
export function isMessageAt(table: EntryTable, index: number): boolean {
  const bytes = table.names;
  const end = table.nameStart(index) + table.nameLength(index);
  return bytes[end - 1] === 0x6c && bytes[end - 2] === 0x6d && bytes[end - 3] === 0x65 && bytes[end - 4] === 0x2e;
}

/** Whether an entry is one of our texts at the archive's root. */
export function isOwnTextAt(table: EntryTable, index: number): boolean {
  return table.names[table.nameStart(index)] === 0x2e && isOwnText(table.name(index));
}

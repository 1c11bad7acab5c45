import { hasMessageNameAt, isMessagePath } from '../store/message-file.js';
import { wholeName } from './entry-names.js';
import type { EntryTable } from './zip/entry-table.js';
import { isOwnText } from './summary.js';

/** Recognises kinds of entries by the bytes of their names, without a string for each of a million names. */

/**
 * Says whether an entry is a message, or the first piece of one that was split.
 * @param isInMail whether its directory holds messages, which is the same for all entries of a run
 */
export function isMessageAt(
  table: EntryTable,
  index: number,
  isInMail: boolean,
): boolean {
  if (!isInMail) return false;

  const part = table.piece(index);
  if (part) {
    return part.index === 0 && isMessagePath(wholeName(table.name(index)));
  }

  const start = table.nameStart(index);

  return hasMessageNameAt(table.names, start, start + table.nameLength(index));
}

/** The name of the file that an entry is, or is a piece of. */
export function fileNameAt(table: EntryTable, index: number): string {
  const name = table.name(index);

  return table.piece(index) ? wholeName(name) : name;
}

/** Says whether an entry is one of this program's texts at the archive's root. */
export function isOwnTextAt(table: EntryTable, index: number): boolean {
  return (
    table.names[table.nameStart(index)] === 0x2e && isOwnText(table.name(index))
  );
}

/** Tells whether an entry is a whole file, or the first piece of one that was split. */
export function isFirstPiece(table: EntryTable, index: number): boolean {
  return (table.piece(index)?.index ?? 0) === 0;
}

/** The size of an entry's file, also where it was split. */
export function wholeSize(table: EntryTable, index: number): number {
  return table.piece(index)?.totalBytes ?? table.size(index);
}

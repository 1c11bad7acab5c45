import { CentralDirectoryTable } from './central-directory-table.js';
import {
  ColumnTable,
  type EntryColumns,
  type EntryTable,
} from './entry-table.js';
import { parseKnownCentralDirectory } from './plain-central-directory.js';
import { inMemory } from './window-table.js';
import { CENTRAL_FIXED_BYTES, type FilePiece } from './zip-format.js';

/** Some entries of a table as plain data, to hand to another thread. */
export type TablePart = EntryColumns | DirectoryPart;

/** Entries next to each other, as the bytes of their central headers: no object is made for any of them. */
interface DirectoryPart {
  readonly headers: Uint8Array;
  readonly extentEnds: Uint32Array;
  readonly pieces: ReadonlyMap<number, FilePiece>;
}

/** @param indices in any order */
export function partOf(
  table: EntryTable,
  indices: readonly number[],
): TablePart {
  const held = inMemory(table);
  const [first] = indices;

  const isTogether =
    held instanceof CentralDirectoryTable &&
    first !== undefined &&
    indices.every((index, at) => index === first + at);

  return isTogether
    ? cutPart(held, first, first + indices.length)
    : table.gather(indices).columns;
}

function cutPart(
  table: CentralDirectoryTable,
  first: number,
  end: number,
): DirectoryPart {
  const headersEnd =
    end < table.count
      ? table.nameStart(end) - CENTRAL_FIXED_BYTES
      : table.names.length;

  return {
    // In memory of their own: all of a memory goes to the other thread.
    headers: Uint8Array.prototype.slice.call(
      table.names,
      table.nameStart(first) - CENTRAL_FIXED_BYTES,
      headersEnd,
    ),
    extentEnds: table.extentEnds.slice(first, end),
    pieces: piecesBetween(table, first, end),
  };
}

/** The pieces among the entries, counted from the first of these. */
function piecesBetween(
  table: CentralDirectoryTable,
  first: number,
  end: number,
): ReadonlyMap<number, FilePiece> {
  const pieces = new Map<number, FilePiece>();
  if (table.pieces.size === 0) return pieces;

  for (let index = first; index < end; index++) {
    const piece = table.piece(index);
    if (piece) pieces.set(index - first, piece);
  }

  return pieces;
}

/** The entries of a part, in their order. */
export function tableOf(part: TablePart): EntryTable {
  if (!('headers' in part)) return new ColumnTable(part);

  const { headers, extentEnds, pieces } = part;
  const { buffer, byteOffset, byteLength } = headers;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const table = parseKnownCentralDirectory(bytes, extentEnds.length, pieces);

  for (const [index, end] of extentEnds.entries()) {
    table.setExtentEnd(index, end);
  }

  return table;
}

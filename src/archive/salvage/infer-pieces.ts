import { parsePieceName } from '../entry-names.js';
import { EntryRows } from '../zip/entry-rows.js';
import type { EntryTable } from '../zip/entry-table.js';
import type { FilePiece } from '../zip/zip-format.js';

/**
 * The places of pieces in their files, for entries that only their local headers describe: that a file was split, only its name
 * says there. Pure.
 * @returns the tables, those of the same number of entries that need none as they are
 */
export function inferPieces(tables: readonly EntryTable[]): EntryTable[] {
  const files = new Map<string, PieceSizes>();

  for (const table of tables) {
    forEachPiece(table, (index, name, piece) => {
      const file = files.get(name) ?? { count: piece.count, sizes: new Map() };
      file.sizes.set(piece.index, table.size(index));
      files.set(name, file);
    });
  }

  return files.size === 0
    ? [...tables]
    : tables.map((table) => withPieces(table, files));
}

interface PieceSizes {
  readonly count: number;
  readonly sizes: Map<number, number>;
}

/** Shows each entry that is a piece by its central header or its name. */
function forEachPiece(
  table: EntryTable,
  visit: (
    index: number,
    name: string,
    piece: Pick<FilePiece, 'index' | 'count'>,
  ) => void,
): void {
  for (let index = 0; index < table.count; index++) {
    const parsed = parsePieceName(table.name(index));
    if (parsed) visit(index, parsed.name, table.piece(index) ?? parsed);
  }
}

function withPieces(
  table: EntryTable,
  files: ReadonlyMap<string, PieceSizes>,
): EntryTable {
  const inferred = new Map<number, FilePiece>();

  forEachPiece(table, (index, name, { index: at, count }) => {
    const file = files.get(name);
    if (table.piece(index) || !file) return;

    inferred.set(index, { index: at, count, ...placeOf(file, at) });
  });

  if (inferred.size === 0) return table;

  const rows = new EntryRows();

  for (let index = 0; index < table.count; index++) {
    const row = table.rowAt(index);
    const piece = inferred.get(index) ?? row.piece;
    rows.add({ ...row, piece, extentEnd: table.extentEnd(index) });
  }

  return rows.build();
}

/** The whole size is only known where no piece is missing; 0 is never that of a file that was split. */
function placeOf(
  { count, sizes }: PieceSizes,
  at: number,
): Pick<FilePiece, 'offsetBytes' | 'totalBytes'> {
  let offsetBytes = 0;
  let totalBytes = 0;

  for (const [index, size] of sizes) {
    if (index < at) offsetBytes += size;
    totalBytes += size;
  }

  return { offsetBytes, totalBytes: sizes.size === count ? totalBytes : 0 };
}

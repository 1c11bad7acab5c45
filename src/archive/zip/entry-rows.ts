import {
  type ColumnTable,
  type EntryRow,
  type EntryTable,
  EntryTableBuilder,
} from './entry-table.js';

/** A row with the offset at which the next entry, or what follows the last one, begins. */
export interface PlacedRow extends EntryRow {
  readonly extentEnd: number;
}

const FIRST_CHUNK_ROWS = 16;
const LARGEST_CHUNK_ROWS = 4096;

/** Gathers rows of which nobody knows beforehand how many there are: as columns, because a million objects are too many. */
export class EntryRows {
  readonly #chunks: ColumnTable[] = [];
  #capacity = FIRST_CHUNK_ROWS;
  #open = newChunk(FIRST_CHUNK_ROWS);
  #count = 0;
  #namesBytes = 0;

  get count(): number {
    return this.#count;
  }

  add(row: PlacedRow): void {
    if (this.#open.count === this.#capacity) {
      this.#chunks.push(this.#open.build());
      this.#capacity = Math.min(this.#capacity * 4, LARGEST_CHUNK_ROWS);
      this.#open = newChunk(this.#capacity);
    }

    this.#open.add(row);
    this.#open.setExtentEnd(this.#open.count - 1, row.extentEnd);
    this.#count++;
    this.#namesBytes += row.name.length;
  }

  /** A table of exactly these rows. */
  build(): ColumnTable {
    const builder = new EntryTableBuilder(this.#count, this.#namesBytes);

    for (const table of [...this.#chunks, this.#open.build()]) {
      for (let index = 0; index < table.count; index++) {
        builder.add(table.rowAt(index));
        builder.setExtentEnd(builder.count - 1, table.extentEnd(index));
      }
    }

    return builder.build();
  }
}

/** A table of exactly these rows. */
export function tableOfRows(added: Iterable<PlacedRow>): ColumnTable {
  const rows = new EntryRows();
  for (const row of added) rows.add(row);

  return rows.build();
}

/** The rows of a table, each with its extent. */
export function* rowsOf(table: EntryTable): Generator<PlacedRow> {
  for (let index = 0; index < table.count; index++) {
    yield { ...table.rowAt(index), extentEnd: table.extentEnd(index) };
  }
}

function newChunk(rows: number): EntryTableBuilder {
  return new EntryTableBuilder(rows, rows * 64);
}

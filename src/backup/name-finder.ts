import type { EntryTable } from '../archive/zip/entry-table.js';
import { NameCursor, type NameList, unpackNames } from '../store/name-list.js';

/**
 * Finds the files of a directory that entries are named after. They are asked for in the order of the listing as a rule, with
 * files in between of which there is no entry: then no name is made a string, and there is no map of them. Pure.
 */
export class NameFinder {
  /** On the name that is expected next. */
  readonly #cursor: NameCursor;
  #places: Map<string, number> | undefined;

  /** @param prefixBytes what precedes the names of the directory's files in those of its entries */
  constructor(
    private readonly names: NameList,
    private readonly prefixBytes: number,
  ) {
    this.#cursor = new NameCursor(names);
  }

  /** The place of an entry's file in the list, or NaN. */
  find(table: EntryTable, index: number): number {
    return (
      (this.#places ? undefined : this.#findAhead(table, index)) ??
      this.#allPlaces().get(table.nameAfter(index, this.prefixBytes)) ??
      NaN
    );
  }

  #findAhead(table: EntryTable, index: number): number | undefined {
    const cursor = this.#cursor;
    const { names } = table;
    const start = table.nameStart(index) + this.prefixBytes;
    const end = table.nameStart(index) + table.nameLength(index);

    while (!cursor.isAtEnd) {
      const { place } = cursor;
      const isFound = cursor.isAscii(names, start, end);

      cursor.advance();
      if (isFound) return place;
    }

    return undefined;
  }

  #allPlaces(): ReadonlyMap<string, number> {
    this.#places ??= new Map(
      unpackNames(this.names).map((name, place) => [name, place]),
    );

    return this.#places;
  }
}

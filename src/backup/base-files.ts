import { wholeName } from '../archive/entry-names.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import type { NameCursor } from '../store/name-list.js';

/** The files that a full has in one directory. */

/** An entry of the base: its place in a table. */
export interface BaseEntry {
  readonly table: EntryTable;
  readonly index: number;
}

/** An entry with its record. */
export interface TakenEntry extends BaseEntry {
  readonly record: number;
}

/** Records of the directory next to each other, in a table. */
export interface BaseRun {
  readonly table: EntryTable;
  /** The index of the first record in the table. */
  readonly start: number;
  readonly count: number;
  /** The record of the first one, counted through all volumes. */
  readonly record: number;
}

export class BaseFiles {
  readonly #runs: readonly BaseRun[];
  readonly #prefixBytes: number;
  #records: ReadonlyMap<string, number> | undefined;
  /** Where the next name is expected: the run, and the place in it. */
  #run = 0;
  #place = 0;

  constructor(
    readonly prefix: string,
    runs: readonly BaseRun[],
  ) {
    this.#runs = runs;
    this.#prefixBytes = Buffer.byteLength(prefix);
  }

  /**
   * The next entry, where a list of names is on its name: a store mostly gives its names in the order of the full, and then no
   * name is made a string. Undefined where another name is next.
   */
  takeNext(names: NameCursor): TakenEntry | undefined {
    const run = this.#runs[this.#run];
    if (!run) return undefined;

    const { table, record } = run;
    const place = this.#place;
    const index = run.start + place;
    const start = table.nameStart(index);
    const end = start + table.nameLength(index);

    const isNext =
      names.isAscii(table.names, start + this.#prefixBytes, end) &&
      !table.piece(index);
    if (!isNext) return undefined;

    this.#goTo(this.#run, place + 1);

    return { table, index, record: record + place };
  }

  /** The record of a file, wherever its name stands. */
  find(name: string): number | undefined {
    this.#records ??= new Map(this.names());
    const record = this.#records.get(name);
    if (record !== undefined) this.#goBehind(record);

    return record;
  }

  entryAt(record: number): BaseEntry {
    const run = this.#runs[this.#runOf(record)];
    if (!run) throw new Error(`${this.prefix} has no record ${record}`);

    return {
      table: run.table,
      index: run.start + record - run.record,
    };
  }

  /** All files with their records, that of the first piece where one is in pieces. */
  *names(): Generator<[name: string, record: number]> {
    for (const { table, start, count, record } of this.#runs) {
      for (let at = 0; at < count; at++) {
        const index = start + at;
        if (table.isDirectory(index)) continue;

        const piece = table.piece(index);
        if (piece && piece.index > 0) continue;

        const name = table.nameAfter(index, this.#prefixBytes);
        yield [piece ? wholeName(name) : name, record + at];
      }
    }
  }

  #goTo(run: number, place: number): void {
    const isOver = place >= (this.#runs[run]?.count ?? 0);
    [this.#run, this.#place] = isOver ? [run + 1, 0] : [run, place];
  }

  #goBehind(record: number): void {
    const run = this.#runOf(record);
    this.#goTo(run, record - (this.#runs[run]?.record ?? 0) + 1);
  }

  #runOf(wanted: number): number {
    return this.#runs.findIndex(
      ({ record, count }) => wanted >= record && wanted < record + count,
    );
  }
}

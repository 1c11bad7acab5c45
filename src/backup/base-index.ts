import type { OpenArchive } from '../archive/open-archive.js';
import { wholeName } from '../archive/entry-names.js';
import {
  type DirectoryRun,
  directoryRuns,
} from '../archive/zip/directory-runs.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { ticksOfMs } from '../platform/file-times.js';

/** An entry of the base: its place in one of its tables. */
export interface BaseEntry {
  readonly table: EntryTable;
  readonly index: number;
}

/**
 * The entries of a full by directory and name. A record is an entry's number, counted through all volumes from 0 on; of a
 * file in pieces it is that of the first piece.
 */
export class BaseIndex {
  readonly #directories = new Map<string, Map<string, number>>();
  readonly #starts: number[] = [];
  /** The number of records. */
  readonly size: number;
  /** When the full began. */
  readonly takenAtTicks: bigint;

  /** @param tables the entries of each volume */
  constructor(
    private readonly tables: readonly EntryTable[],
    takenAt: Date,
  ) {
    let total = 0;
    for (const table of tables) {
      this.#starts.push(total);
      for (const run of directoryRuns(table)) this.#addRun(table, run, total);
      total += table.count;
    }

    this.size = total;
    this.takenAtTicks = ticksOfMs(takenAt.getTime());
  }

  /**
   * The record of an entry; undefined where the full has none of that name.
   * @param prefix the entry name of its directory, with `/`
   * @param name a file's, or a directory's with `/`
   */
  findIn(prefix: string, name: string): number | undefined {
    return this.#directories.get(prefix)?.get(name);
  }

  /** The same by a whole entry name. */
  find(entryName: string): number | undefined {
    const at = entryName.lastIndexOf('/', entryName.length - 2) + 1;
    return this.findIn(entryName.slice(0, at), entryName.slice(at));
  }

  entryAt(record: number): BaseEntry {
    let volume = this.#starts.length - 1;
    while (volume > 0 && (this.#starts[volume] ?? 0) > record) volume--;

    const table = this.tables[volume];
    if (!table) throw new Error('a full has at least one volume');

    return { table, index: record - (this.#starts[volume] ?? 0) };
  }

  /** All names with their records, directory after directory. */
  *entries(): Generator<readonly [entryName: string, record: number]> {
    for (const [prefix, names] of this.#directories) {
      for (const [name, record] of names) yield [prefix + name, record];
    }
  }

  #addRun(
    table: EntryTable,
    { prefix, start, end }: DirectoryRun,
    offset: number,
  ): void {
    const names = this.#directories.get(prefix) ?? new Map<string, number>();
    this.#directories.set(prefix, names);

    const skip = Buffer.byteLength(prefix);
    for (let index = start; index < end; index++) {
      const part = table.piece(index);
      if (part && part.index > 0) continue;

      const name = table.nameAfter(index, skip);
      names.set(part ? wholeName(name) : name, offset + index);
    }
  }
}

/** The full that a differential is measured against, with its entries at hand. */
export interface OpenBase {
  readonly archive: OpenArchive;
  readonly index: BaseIndex;
  /** The names that the store no longer has; directories end in `/`. */
  readonly deleted: ReadonlySet<string>;
}

/** Says whether a name has to stay a file, since the base holds it as one and the differential does not take it away. */
export function isFileOfBase(
  base: OpenBase | undefined,
  entryName: string,
): boolean {
  return (
    base?.index.find(entryName) !== undefined && !base.deleted.has(entryName)
  );
}

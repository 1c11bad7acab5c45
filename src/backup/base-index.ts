import {
  type DirectoryRun,
  directoryRuns,
} from '../archive/zip/directory-runs.js';
import { wholeName } from '../archive/entry-names.js';
import { type EntryTable, TimePrecision } from '../archive/zip/entry-table.js';
import type { OpenArchive } from '../archive/open-archive.js';
import { isSameTime } from './same-time.js';

/** What a file is now. */
export interface FileFacts {
  readonly sizeBytes: number;
  readonly mtimeTicks: bigint;
  readonly mode: number;
  /** Undefined: size and time decide. */
  readonly crc: number | undefined;
  /** Asked where they cannot; undefined for directories. */
  readonly readCrc: (() => number) | undefined;
}

export type Change = 'new' | 'changed' | 'unchanged';

/** How coarse the times of archives and file systems are at worst. */
const COARSEST_TICKS = 20_000_000n;

/** The entries of a full by directory and name, and which of them the store still has. */
export class BaseIndex {
  readonly #directories = new Map<string, Map<string, number>>();
  readonly #tables: EntryTable[] = [];
  readonly #starts: number[] = [];
  readonly #seen: Uint8Array;
  /**
   * A file that was written while the full ran may have been written again after it was read, within one step of the
   * clock that gives files their times.
   */
  readonly #doubtfulFromTicks: bigint;

  constructor(archive: OpenArchive) {
    let total = 0;
    this.#doubtfulFromTicks =
      BigInt(archive.files.takenAt.getTime()) * 10_000n - COARSEST_TICKS;

    for (const { table } of archive.volumes) {
      this.#tables.push(table);
      this.#starts.push(total);
      for (const run of directoryRuns(table)) this.#addRun(table, run, total);
      total += table.count;
    }

    this.#seen = new Uint8Array(total);
  }

  /** The same for a directory. @param entryName with `/` */
  compareDirectory(
    entryName: string,
    mtimeTicks: bigint,
    mode: number,
  ): Change {
    const at = entryName.lastIndexOf('/', entryName.length - 2) + 1;
    const facts = {
      sizeBytes: 0,
      mtimeTicks,
      mode,
      crc: undefined,
      readCrc: undefined,
    };

    return this.compare(entryName.slice(0, at), entryName.slice(at), facts);
  }

  /**
   * Compares a file with its entry, and remembers that it exists.
   * @param prefix the entry name of its directory, with `/`
   */
  compare(prefix: string, name: string, file: FileFacts): Change {
    const place = this.#directories.get(prefix)?.get(name);
    if (place === undefined) return 'new';

    this.#seen[place] = 1;

    const { table, index } = this.#entryAt(place);

    return isSameKind(table, index, file) &&
      this.#isSameContent(table, index, file)
      ? 'unchanged'
      : 'changed';
  }

  #isSameContent(table: EntryTable, index: number, file: FileFacts): boolean {
    if (file.crc === undefined) {
      const ticks = table.mtimeTicks(index);
      const precision = table.precision(index);
      if (!isSameTime(file.mtimeTicks, ticks, precision)) return false;

      const isDoubtful =
        ticks >= this.#doubtfulFromTicks ||
        (precision === TimePrecision.dos && isApart(file.mtimeTicks, ticks));
      if (!file.readCrc || !isDoubtful) return true;
    }

    return (
      !table.part(index) && table.crc(index) === (file.crc ?? file.readCrc?.())
    );
  }

  /** Whether the full has a file of that name. */
  hasFile(entryName: string): boolean {
    const at = entryName.lastIndexOf('/') + 1;
    return (
      this.#directories
        .get(entryName.slice(0, at))
        ?.has(entryName.slice(at)) === true
    );
  }

  /** The entry names that nobody asked for: what the store no longer has. */
  *missing(): Generator<string> {
    for (const [prefix, names] of this.#directories) {
      for (const [name, place] of names) {
        if (this.#seen[place] !== 1) yield prefix + name;
      }
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
      const part = table.part(index);
      if (part && part.index > 0) continue;

      const name = table.nameAfter(index, skip);
      names.set(part ? wholeName(name) : name, offset + index);
    }
  }

  #entryAt(place: number): { table: EntryTable; index: number } {
    let volume = this.#starts.length - 1;
    while (volume > 0 && (this.#starts[volume] ?? 0) > place) volume--;
    const table = this.#tables[volume];
    if (!table) throw new Error('a full has at least one volume');
    return { table, index: place - (this.#starts[volume] ?? 0) };
  }
}

function isSameKind(
  table: EntryTable,
  index: number,
  { mode, sizeBytes }: FileFacts,
): boolean {
  const entryMode = table.mode(index);
  if (entryMode !== 0 && (entryMode & 0o7777) !== (mode & 0o7777)) return false;
  return (table.part(index)?.totalBytes ?? table.size(index)) === sizeBytes;
}

/** In the hour that a clock change repeats two times read the same. */
function isApart(mtimeTicks: bigint, ticks: bigint): boolean {
  const apart = mtimeTicks - ticks;
  return apart > COARSEST_TICKS || apart < -COARSEST_TICKS;
}

import { ticksOfMs } from '../platform/file-times.js';
import {
  placeOf,
  sharedPlaceOf,
  writtenDirectory,
} from '../store/entry-place.js';
import { type ChainIndex, type ChainRun, runsOf } from './chain-index.js';
import type { ComparableFiles } from './comparable-files.js';
import { isFirstPiece, wholeSize } from './entry-kind.js';
import { wholeName } from './entry-names.js';
import type { Selection } from './read/read-archive.js';
import type { EntryFacts } from './same-file.js';
import { combineCrc32 } from './zip/crc32.js';
import type { EntryTable } from './zip/entry-table.js';

/** The files of a point in time by directory, whatever archives and volumes of its chain they lie in. */

/** Entries of one directory of a volume that are of the point. */
interface PointRun {
  readonly run: ChainRun;
  /** Marks the entries of the table that were chosen; undefined: all. */
  readonly chosen: Uint8Array | undefined;
  readonly takenAtTicks: bigint;
}

/** An entry, or the first piece of a file that was split. */
export interface EntryAt {
  readonly table: EntryTable;
  readonly index: number;
}

function isChosen({ chosen }: PointRun, index: number): boolean {
  return chosen === undefined || chosen[index] === 1;
}

/** The directories of a point. The names of one are read when it is asked for. */
export class PointFiles {
  readonly #directories = new Map<string, PointRun[]>();

  /** @param selections the entries that matter; undefined: all of the point */
  constructor(
    private readonly chain: ChainIndex,
    selections?: readonly Selection[],
  ) {
    const marks = selections && markChosen(selections);
    const times = timesOf(chain);

    for (const run of runsOf(chain)) {
      if (this.#isOfOtherPart(run.prefix)) continue;

      this.#addRun({
        run,
        chosen: marks && (marks.get(run.table) ?? NOTHING_CHOSEN),
        takenAtTicks: times.get(run.table) ?? 0n,
      });
    }
  }

  /** The entry names of all directories that have entries. */
  get prefixes(): Iterable<string> {
    return this.#directories.keys();
  }

  /** The files of a directory; undefined where the point has no entry in it. @param prefix its entry name, with `/` */
  filesOf(prefix: string): ArchivedFiles | undefined {
    const runs = this.#directories.get(prefix);
    if (!runs) return undefined;

    return new ArchivedFiles(prefix, runs, (name) => this.#isOf(name));
  }

  #addRun(run: PointRun): void {
    const prefix = writtenDirectory(run.run.prefix);
    if (prefix === undefined) return;

    const runs = this.#directories.get(prefix) ?? [];
    runs.push(run);
    this.#directories.set(prefix, runs);
  }

  /** Says whether a file that lies beside components is of the point. */
  #isOf(entryName: string): boolean {
    const place = placeOf(entryName);

    return place !== undefined && !this.#isOfOtherPart(entryName);
  }

  #isOfOtherPart(entryName: string): boolean {
    const { parts } = this.chain;
    if (!parts) return false;

    const place = placeOf(entryName);
    if (!place) return false;

    return !parts.has(place.component);
  }
}

const NOTHING_CHOSEN = new Uint8Array(0);

function markChosen(
  selections: readonly Selection[],
): ReadonlyMap<EntryTable, Uint8Array> {
  const marks = new Map<EntryTable, Uint8Array>();

  for (const { table, indices } of selections) {
    const own = marks.get(table) ?? new Uint8Array(table.count);
    marks.set(table, own);

    for (const index of indices) {
      own[index] = 1;
    }
  }

  return marks;
}

function timesOf({ archives }: ChainIndex): ReadonlyMap<EntryTable, bigint> {
  const times = new Map<EntryTable, bigint>();

  for (const { archive, facts } of archives) {
    const takenAtMs = facts.files.takenAt.getTime();
    const ticks = ticksOfMs(takenAtMs);

    for (const { table } of archive.volumes) {
      times.set(table, ticks);
    }
  }

  return times;
}

/** The files of one directory of a point. */
export class ArchivedFiles implements ComparableFiles {
  readonly names: string[] = [];
  /** The run and the index of each file, that of its first piece where it was split. */
  readonly #runs: PointRun[] = [];
  readonly #indices: number[] = [];
  /** All pieces of split files, by whole name. */
  readonly #pieces = new Map<string, EntryAt[]>();

  /** @param isOf says whether a file in a directory of components is of the point, by its entry name */
  constructor(
    readonly prefix: string,
    runs: readonly PointRun[],
    isOf: (entryName: string) => boolean,
  ) {
    const isMixed = sharedPlaceOf(prefix) === undefined;
    const isOfPoint = isMixed ? isOf : undefined;

    for (const run of runs) {
      this.#add(run, isOfPoint);
    }
  }

  /** The entry of a file, that of its first piece where it was split. */
  entryAt(file: number): EntryAt {
    const { run } = this.#runAt(file);

    return {
      table: run.table,
      index: this.#indexAt(file),
    };
  }

  sizeAt(file: number): number {
    const { table, index } = this.entryAt(file);

    return wholeSize(table, index);
  }

  factsAt(file: number): EntryFacts {
    const { takenAtTicks } = this.#runAt(file);
    const { table, index } = this.entryAt(file);

    return {
      sizeBytes: wholeSize(table, index),
      mtimeTicks: table.mtimeTicks(index),
      precision: table.precision(index),
      takenAtTicks,
    };
  }

  /** Of a file that was split it is joined from its pieces; undefined where one is not there. */
  crcAt(file: number): number | undefined {
    const name = this.names[file] ?? '';
    const pieces = this.#pieces.get(name);
    if (pieces) return joinCrcs(pieces);

    const { table, index } = this.entryAt(file);

    return table.crc(index);
  }

  readCrcAt(file: number): Promise<number | undefined> {
    const crc = this.crcAt(file);

    return Promise.resolve(crc);
  }

  #add(
    run: PointRun,
    isOf: ((entryName: string) => boolean) | undefined,
  ): void {
    const { table, start, end, prefix, prefixBytes, hidden } = run.run;
    const hiddenNames = hidden?.get(prefix);

    for (let index = start; index < end; index++) {
      if (table.isDirectory(index) || !isChosen(run, index)) continue;

      const piece = table.piece(index);
      const ownName = table.nameAfter(index, prefixBytes);
      const name = piece ? wholeName(ownName) : ownName;
      const isHidden = hiddenNames?.has(prefix + name) === true;
      if (isHidden || isOf?.(this.prefix + name) === false) continue;

      this.#addEntry(name, run, index);
    }
  }

  #addEntry(name: string, run: PointRun, index: number): void {
    const { table } = run.run;
    const isPiece = table.piece(index) !== undefined;

    if (isPiece) {
      this.#addPiece(name, { table, index });
    }

    if (!isFirstPiece(table, index)) return;

    this.names.push(name);
    this.#runs.push(run);
    this.#indices.push(index);
  }

  #addPiece(name: string, piece: EntryAt): void {
    const pieces = this.#pieces.get(name) ?? [];
    pieces.push(piece);
    this.#pieces.set(name, pieces);
  }

  #runAt(file: number): PointRun {
    const run = this.#runs[file];
    if (!run) {
      throw new Error(`${this.prefix} has no file ${String(file)}`);
    }

    return run;
  }

  #indexAt(file: number): number {
    return this.#indices[file] ?? 0;
  }
}

function joinCrcs(pieces: readonly EntryAt[]): number | undefined {
  const byPlace = new Map<number, EntryAt>();
  let count = 0;
  let joined = 0;

  for (const entry of pieces) {
    const piece = entry.table.piece(entry.index);
    if (!piece) continue;

    byPlace.set(piece.index, entry);
    count ||= piece.count;
  }

  for (let place = 0; place < count; place++) {
    const entry = byPlace.get(place);
    if (!entry) return undefined;

    const { table, index } = entry;
    const crc = table.crc(index);
    const size = table.size(index);
    joined = combineCrc32(joined, crc, size);
  }

  return joined;
}

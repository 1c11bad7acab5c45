import { type DirectoryRun, directoryRuns } from './directory-runs.js';
import type { EntryTable } from './entry-table.js';

/**
 * Finding names that would meet on a disk. Every file's name is held as a fingerprint of 8 bytes, sorted: only a fingerprint that
 * is found twice, or at a directory's name, costs a look at the names themselves.
 */

const SLASH = 0x2f;
const LOW_SEED = 0x811c9dc5;
const HIGH_SEED = 0x9747b28c;
const LOW_PRIME = 0x01000193;
const HIGH_PRIME = 0x01000197;

/** Two FNV-1a hashes side by side, joined to 53 bits. */
class Fingerprint {
  #low = LOW_SEED;
  #high = HIGH_SEED;

  /** Takes the bytes from `start` to `end` and returns itself. */
  add(bytes: Uint8Array, start: number, end: number): this {
    let low = this.#low;
    let high = this.#high;

    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      low = Math.imul(low ^ byte, LOW_PRIME);
      high = Math.imul(high ^ byte, HIGH_PRIME);
    }

    this.#low = low;
    this.#high = high;

    return this;
  }

  /** Goes on from where another one is. */
  startFrom(other: Fingerprint): this {
    this.#low = other.#low;
    this.#high = other.#high;

    return this;
  }

  get value(): number {
    return (this.#high >>> 11) * 0x1_0000_0000 + (this.#low >>> 0);
  }
}

/** The fingerprint of a text: two texts that have the same one are nearly always the same. */
export function fingerprintOf(text: string): number {
  const bytes = Buffer.from(text);

  return new Fingerprint().add(bytes, 0, bytes.length).value;
}

/** Those that stand next to an equal one. @param prints ascending */
export function findRepeated(prints: Float64Array): ReadonlySet<number> {
  const repeated = new Set<number>();

  for (let at = 1; at < prints.length; at++) {
    const print = prints[at] ?? 0;
    if (print === prints[at - 1]) repeated.add(print);
  }

  return repeated;
}

/** The fingerprints of the names of an archive, gathered volume by volume. */
export class NamePrints {
  readonly #files: Float64Array;
  #count = 0;
  /** Those of the directories that names run through; a few of them more than once. */
  readonly #directories: number[] = [];
  #lastDirectory = Buffer.alloc(0);

  /** @param most as many names as all volumes have */
  constructor(most: number) {
    this.#files = new Float64Array(most);
  }

  /** Takes the names of a volume. */
  add(table: EntryTable): void {
    for (const run of directoryRuns(table)) this.addRun(table, run);
  }

  /** Takes those of one directory, whose own fingerprint is taken once for all. */
  addRun(table: EntryTable, { prefixBytes, start, end }: DirectoryRun): void {
    const bytes = table.names;
    const first = table.nameStart(start);
    const print = new Fingerprint();
    const prefix = new Fingerprint().add(bytes, first, first + prefixBytes);

    this.#addDirectories(table.nameBytes(start).subarray(0, prefixBytes));

    for (let index = start; index < end; index++) {
      if (table.isDirectory(index)) {
        this.#addDirectories(table.nameBytes(index));
        continue;
      }

      const name = table.nameStart(index);
      this.#files[this.#count++] = print
        .startFrom(prefix)
        .add(bytes, name + prefixBytes, name + table.nameLength(index)).value;
    }
  }

  /** Those of all files, ascending. */
  sortFiles(): Float64Array {
    return this.#files.subarray(0, this.#count).sort();
  }

  /** Says whether a directory may have a file's name. @param files those of `sortFiles` */
  mayClash(files: Float64Array): boolean {
    return this.#directories.some((print) => includes(files, print));
  }

  /** Adds the steps of a directory's name that it does not share with the one before it. */
  #addDirectories(name: Buffer): void {
    const shared = sharedLength(this.#lastDirectory, name);

    for (const { end, print } of directoriesOf(name)) {
      if (end >= shared) this.#directories.push(print);
    }

    this.#lastDirectory = Buffer.from(name);
  }
}

/** A directory that a name runs through. */
interface NameStep {
  /** Where its `/` stands. */
  readonly end: number;
  /** The fingerprint of the name up to there. */
  readonly print: number;
}

function* directoriesOf(name: Uint8Array): Generator<NameStep> {
  const print = new Fingerprint();
  let hashed = 0;

  for (
    let end = name.indexOf(SLASH);
    end !== -1;
    end = name.indexOf(SLASH, end + 1)
  ) {
    yield { end, print: print.add(name, hashed, end).value };

    hashed = end;
  }
}

function sharedLength(first: Buffer, second: Buffer): number {
  let at = 0;
  while (at < first.length && first[at] === second[at]) at++;

  return at;
}

/** The fingerprints of all files' names, ascending. */
export function fingerprintFiles(tables: readonly EntryTable[]): Float64Array {
  const prints = new NamePrints(
    tables.reduce((sum, { count }) => sum + count, 0),
  );
  for (const table of tables) prints.add(table);

  return prints.sortFiles();
}

/** The first name that two files have, and the table of the second: one would silently replace the other. */
export function findTwin(
  tables: Iterable<EntryTable>,
  prints: Float64Array,
): { readonly name: string; readonly volume: number } | undefined {
  const twice = findRepeated(prints);
  if (twice.size === 0) return undefined;

  const names = new Set<string>();
  let volume = 0;

  for (const table of tables) {
    for (let index = 0; index < table.count; index++) {
      // A directory may be named more than once: it is made once.
      if (
        table.isDirectory(index) ||
        !twice.has(fingerprintOfName(table, index))
      ) {
        continue;
      }

      const name = table.name(index);
      if (names.has(name)) return { name, volume };

      names.add(name);
    }

    volume++;
  }

  return undefined;
}

function fingerprintOfName(table: EntryTable, index: number): number {
  const start = table.nameStart(index);
  return new Fingerprint().add(
    table.names,
    start,
    start + table.nameLength(index),
  ).value;
}

/**
 * The first name that is a file and also a directory, by an entry of its own or as the parent of another: no disk can
 * hold both. Example: `a/b` with `a/b/c`, or with `a/b/`. Undefined where there is none.
 */
export function findClash(
  tables: Iterable<EntryTable>,
  prints: Float64Array,
): string | undefined {
  const suspects = new Set<string>();
  for (const table of tables) {
    for (const { prefixBytes, start, end } of directoryRuns(table)) {
      addSuspects(
        table.nameBytes(start).subarray(0, prefixBytes),
        prints,
        suspects,
      );

      for (let index = start; index < end; index++) {
        if (table.isDirectory(index)) {
          addSuspects(table.nameBytes(index), prints, suspects);
        }
      }
    }
  }

  return suspects.size === 0 ? undefined : firstFileAmong(tables, suspects);
}

/** Adds the directories that a name runs through, each up to its `/`, where a file may have that name. */
function addSuspects(
  name: Uint8Array,
  prints: Float64Array,
  suspects: Set<string>,
): void {
  for (const { end, print } of directoriesOf(name)) {
    if (includes(prints, print)) {
      suspects.add(Buffer.from(name.subarray(0, end)).toString('utf8'));
    }
  }
}

function includes(sorted: Float64Array, wanted: number): boolean {
  let low = 0;
  let high = sorted.length;

  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }

  return sorted[low] === wanted;
}

function firstFileAmong(
  tables: Iterable<EntryTable>,
  suspects: ReadonlySet<string>,
): string | undefined {
  for (const table of tables) {
    for (let index = 0; index < table.count; index++) {
      if (!table.isDirectory(index) && suspects.has(table.name(index))) {
        return table.name(index);
      }
    }
  }

  return undefined;
}

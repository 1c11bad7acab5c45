import type { EntryTable } from './entry-table.js';

/** Cutting a table into runs of entries that lie in one directory: the meaning of a path is found out once a run. */

/** Entries next to each other that lie in one directory. */
export interface DirectoryRun {
  /** With its `/`; empty for the archive's root. */
  readonly prefix: string;
  /** The prefix's length in the names' bytes. */
  readonly prefixBytes: number;
  readonly start: number;
  readonly end: number;
}

/** The starts of runs, and the bytes that their names share. A million directories must not become a million objects. */
interface Cuts {
  readonly starts: readonly number[];
  readonly prefixBytes: readonly number[];
  /** Steps of the paths that a run does not share with the run before it. */
  readonly levels: number;
}

const cutsOfTables = new WeakMap<EntryTable, Cuts>();

/** The runs in the table's order; they are found once for a table. */
export function* directoryRuns(table: EntryTable): Generator<DirectoryRun> {
  const cuts = cutsOf(table);
  for (const [at, start] of cuts.starts.entries()) {
    const prefixBytes = cuts.prefixBytes[at] ?? 0;
    const end = cuts.starts[at + 1] ?? table.count;

    yield {
      prefix: table.nameBytes(start).toString('utf8', 0, prefixBytes),
      prefixBytes,
      start,
      end,
    };
  }
}

/** The number of directories that the names of a table run through, where those that lie in one stand together. */
export function countLevels(table: EntryTable): number {
  return cutsOf(table).levels;
}

function cutsOf(table: EntryTable): Cuts {
  let cuts = cutsOfTables.get(table);
  if (!cuts) {
    cuts = findCuts(table);
    cutsOfTables.set(table, cuts);
  }

  return cuts;
}

function findCuts(table: EntryTable): Cuts {
  const { names } = table;
  const view = new DataView(names.buffer, names.byteOffset, names.byteLength);
  const starts: number[] = [];
  const prefixes: number[] = [];
  let previous = 0;
  let previousLength = -1;
  let levels = 0;

  for (let index = 0; index < table.count; index++) {
    const start = table.nameStart(index);
    const length = prefixLength(names, start, table.nameLength(index));

    if (length !== previousLength || !isSame(view, previous, start, length)) {
      levels += countNewLevels(
        names,
        { previous, length: previousLength },
        { start, length },
      );
      starts.push(index);
      prefixes.push(length);
      previousLength = length;
    }

    previous = start;
  }

  return { starts, prefixBytes: prefixes, levels };
}

/** The steps of a path that follow what it shares with the one before. */
function countNewLevels(
  bytes: Uint8Array,
  before: { readonly previous: number; readonly length: number },
  { start, length }: { readonly start: number; readonly length: number },
): number {
  let at = 0;
  while (
    at < length &&
    at < before.length &&
    bytes[before.previous + at] === bytes[start + at]
  ) {
    at++;
  }

  let levels = 0;
  // Both end in a slash where they end: the steps from the first byte on that differs.
  for (; at < length; at++) if (bytes[start + at] === 0x2f) levels++;

  return levels;
}

/** Up to and with the last `/` before the name's last character. */
function prefixLength(
  bytes: Uint8Array,
  start: number,
  length: number,
): number {
  let at = length - 1;
  while (at > 0 && bytes[start + at - 1] !== 0x2f) at--;
  return Math.max(0, at);
}

/** From the end, four bytes at a time: directories next to each other differ there. */
function isSame(
  bytes: DataView,
  first: number,
  second: number,
  length: number,
): boolean {
  let at = length;

  for (; at >= 4; at -= 4) {
    if (bytes.getUint32(first + at - 4) !== bytes.getUint32(second + at - 4)) {
      return false;
    }
  }

  for (at--; at >= 0; at--) {
    if (bytes.getUint8(first + at) !== bytes.getUint8(second + at)) {
      return false;
    }
  }

  return true;
}

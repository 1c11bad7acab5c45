import { codec } from './zip/codec.js';
import { directoryRuns } from './zip/directory-runs.js';
import type { EntryTable } from './zip/entry-table.js';
import { parsePlainCentralDirectory } from './zip/plain-central-directory.js';
import { CENTRAL_FIXED_BYTES } from './zip/zip-format.js';

/**
 * The folders of an archive in the order of its central directories: who wants one folder reads its records alone. It says where to
 * read and is believed in nothing else (docs/decisions/0034).
 */

/** Records next to each other in a central directory. */
export interface FolderRun {
  /** The entry name of the directory that they lie in; of directories the one that they lie below. */
  readonly prefix: string;
  /** They are directories, at any depth. */
  readonly areDirectories: boolean;
  readonly entries: number;
  /** The length of the records. */
  readonly bytes: number;
}

/** Directories are gathered by mailbox: `@backup/store/mail/DOMAIN/USER/`. */
const MAILBOX_STEPS = 5;
/** The longest index, before it is deflated: that of a hundred thousand folders. */
const LARGEST_BYTES = 2 << 20;

/** The runs of a plain central directory, or of a part of one. */
export function runsOfTable(table: EntryTable): FolderRun[] {
  const runs: FolderRun[] = [];

  for (const { prefix, start, end } of directoryRuns(table)) {
    let from = start;

    while (from < end) {
      const areDirectories = table.isDirectory(from);
      let to = from + 1;
      while (to < end && table.isDirectory(to) === areDirectories) to++;

      addRun(runs, {
        prefix: areDirectories ? mailboxOf(prefix) : prefix,
        areDirectories,
        entries: to - from,
        bytes: recordAt(table, to) - recordAt(table, from),
      });
      from = to;
    }
  }

  return runs;
}

/** The same of pieces of a central directory, each of whole records; undefined where one is not plain. */
export function runsOfPieces(
  pieces: readonly Uint8Array[],
): FolderRun[] | undefined {
  const runs: FolderRun[] = [];

  for (const { buffer, byteOffset, byteLength } of pieces) {
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    const table = parsePlainCentralDirectory({ bytes });
    if (!table) return undefined;

    for (const run of runsOfTable(table)) addRun(runs, run);
  }

  return runs;
}

/** Adds a run behind the others, to the last one where both are of one directory. */
export function addRun(runs: FolderRun[], run: FolderRun): void {
  const last = runs.at(-1);
  const isSame =
    last?.prefix === run.prefix && last.areDirectories === run.areDirectories;

  if (!isSame) {
    runs.push(run);
    return;
  }

  runs[runs.length - 1] = {
    ...run,
    entries: last.entries + run.entries,
    bytes: last.bytes + run.bytes,
  };
}

/** Says whether two lists name the same records of the same directories. */
export function areSameRuns(
  first: readonly FolderRun[],
  second: readonly FolderRun[],
): boolean {
  return (
    first.length === second.length &&
    first.every((run, at) => {
      const other = second[at];

      return (
        run.prefix === other?.prefix &&
        run.areDirectories === other.areDirectories &&
        run.entries === other.entries &&
        run.bytes === other.bytes
      );
    })
  );
}

/** The first steps of a directory's entry name, as far as its mailbox; all of it where it lies above. */
export function mailboxOf(directory: string): string {
  let end = 0;
  for (let step = 0; step < MAILBOX_STEPS; step++) {
    const next = directory.indexOf('/', end);
    if (next < 0) return directory;

    end = next + 1;
  }

  return directory.slice(0, end);
}

/** Where the record of an entry begins; behind the last one, where that ends. */
function recordAt(table: EntryTable, index: number): number {
  return index < table.count
    ? table.nameStart(index) - CENTRAL_FIXED_BYTES
    : table.names.length;
}

/** The runs of all volumes as one line of text; undefined where they are not known or need too much room. */
export function formatFolders(
  volumes: readonly (readonly FolderRun[] | undefined)[],
): string | undefined {
  const known = volumes.flatMap((runs) => (runs ? [runs] : []));
  if (known.length < volumes.length) return undefined;

  const bytes = encode(known);
  if (bytes.length > LARGEST_BYTES) return undefined;

  const room = Buffer.alloc(codec.deflateBound(bytes.length));
  const length = codec.deflate(bytes, room, { kind: 'text' });

  return length === undefined
    ? undefined
    : room.subarray(0, length).toString('base64');
}

/** The runs of each volume; undefined where the text is no such line. */
export function parseFolders(text: string): FolderRun[][] | undefined {
  try {
    const { bytes } = codec.inflate(Buffer.from(text, 'base64'), {
      size: LARGEST_BYTES,
    });

    return decode(bytes);
  } catch {
    return undefined;
  }
}

/** For each volume the number of runs; of each run its name as far as that of the run before does not have it, and its numbers. */
function encode(volumes: readonly (readonly FolderRun[])[]): Buffer {
  const pieces: Buffer[] = [];
  let before = Buffer.alloc(0);

  for (const runs of volumes) {
    pieces.push(numbers(runs.length));

    for (const { prefix, areDirectories, entries, bytes } of runs) {
      const name = Buffer.from(prefix);
      const shared = sharedLength(before, name);
      const kind = shared * 2 + (areDirectories ? 1 : 0);

      pieces.push(
        numbers(kind, name.length - shared),
        name.subarray(shared),
        numbers(entries, bytes),
      );
      before = name;
    }
  }

  return Buffer.concat(pieces);
}

function decode(bytes: Buffer): FolderRun[][] {
  const reader = new Reader(bytes);
  const volumes: FolderRun[][] = [];
  let before = '';

  while (!reader.isAtEnd) {
    const runs: FolderRun[] = [];
    volumes.push(runs);

    for (let left = reader.number(); left > 0; left--) {
      const kind = reader.number();
      const rest = reader.text(reader.number());
      before = before.slice(0, kind >>> 1) + rest;

      runs.push({
        prefix: nameOf(before),
        areDirectories: (kind & 1) === 1,
        entries: reader.number(),
        bytes: reader.number(),
      });
    }
  }

  return volumes;
}

/** The name of which a text has one byte in each character. */
function nameOf(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'latin1').toString('utf8');
}

function isAscii(text: string): boolean {
  return !/[\x80-\xff]/.test(text);
}

function sharedLength(first: Buffer, second: Buffer): number {
  let at = 0;
  while (at < first.length && first[at] === second[at]) at++;

  return at;
}

/** Seven bits a byte, the lowest first; the eighth says that more follow. */
function numbers(...values: readonly number[]): Buffer {
  const bytes: number[] = [];

  for (const value of values) {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
    bytes.push(rest);
  }

  return Buffer.from(bytes);
}

/** Reads names as texts with a character for each byte: a program that has just begun is slow with thousands of small buffers. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#text = bytes.toString('latin1');
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** @throws {RangeError} when it has more than 31 bits, or the text ends in it */
  number(): number {
    let value = 0;

    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#text.charCodeAt(this.#at++);
      if (Number.isNaN(byte)) throw new RangeError('the text ends early');

      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }

    throw new RangeError('a number is too long');
  }

  /** @throws {RangeError} when the text is shorter */
  text(length: number): string {
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#text.length) {
      throw new RangeError('the text ends early');
    }

    return this.#text.slice(start, this.#at);
  }
}

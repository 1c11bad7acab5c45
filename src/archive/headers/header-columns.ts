import { BrokenFile, type ColumnFile } from './column-file.js';
import type { HeadFacts } from './header-head.js';
import {
  HEADER_FIELDS,
  type HeaderField,
  type HeaderIndex,
  type IndexedDirectory,
  presenceWords,
  type RecordColumns,
  type RecordHeaders,
} from './header-index.js';
import { keepLines, TextColumn } from './text-column.js';

/** An index as the columns of a file, and back. What a file says is checked: no number in it leads out of a column. */

/** The facts of an index, and the bytes of its columns. */
export interface PackedIndex extends HeadFacts {
  readonly columns: ReadonlyMap<string, Uint8Array>;
}

const FILES = 'files';

/** The records that are in an archive, as columns. */
export async function packIndex(index: HeaderIndex): Promise<PackedIndex> {
  const kept = presentRecords(index);
  const isAll = kept.length === index.records.count;
  const { directories, numbers } = keepDirectories(index, kept);
  const columns = new Map<string, Uint8Array>();

  const ofNumbers = numberColumns(index, kept, numbers);
  for (const [name, column] of Object.entries(ofNumbers)) {
    columns.set(name, bytesOf(column));
  }

  const files = pickLines(index.records.files, kept, isAll);
  addText(columns, FILES, files);

  if (index.headers) {
    await addHeaders(columns, index.headers, kept, isAll);
  }

  return {
    archives: index.archives,
    directories,
    count: kept.length,
    unread: placesIn(kept, index.unread),
    columns,
  };
}

async function addHeaders(
  columns: Map<string, Uint8Array>,
  headers: RecordHeaders,
  kept: Uint32Array,
  isAll: boolean,
): Promise<void> {
  const dates = await headers.dates();
  const keptDates = pick(dates, kept, 1);
  columns.set('dates', bytesOf(keptDates));

  for (const field of HEADER_FIELDS) {
    const column = await headers.text(field);
    const lines = pickLines(column, kept, isAll);
    addText(columns, field, lines);
  }
}

function presentRecords({ archives, records }: HeaderIndex): Uint32Array {
  const words = presenceWords(archives.length);
  const kept = new Uint32Array(records.count);
  let count = 0;

  for (let record = 0; record < records.count; record++) {
    const start = record * words;
    const bits = records.presence.subarray(start, start + words);
    const isPresent = bits.some((word) => word !== 0);

    if (isPresent) {
      kept[count] = record;
      count++;
    }
  }

  return kept.subarray(0, count);
}

/** The directories without those whose messages are in no archive any more, and the new number of each. */
function keepDirectories(
  { directories, records }: HeaderIndex,
  kept: Uint32Array,
): { directories: IndexedDirectory[]; numbers: Uint32Array } {
  const used = new Set<number>();
  for (const record of kept) {
    const number = records.directories[record] ?? 0;
    used.add(number);
  }

  const numbers = new Uint32Array(directories.length);
  const left: IndexedDirectory[] = [];

  for (const [number, directory] of directories.entries()) {
    const isGone =
      directory.hasMessages && directory.isCovered && !used.has(number);
    if (isGone) continue;

    numbers[number] = left.length;
    left.push(directory);
  }

  return { directories: left, numbers };
}

function numberColumns(
  { archives, records }: HeaderIndex,
  kept: Uint32Array,
  numbers: Uint32Array,
): Readonly<Record<string, NumberColumn>> {
  const words = presenceWords(archives.length);
  const directories = pick(records.directories, kept, 1);

  return {
    directories: directories.map((number) => numbers[number] ?? 0),
    sizes: pick(records.sizes, kept, 1),
    crcs: pick(records.crcs, kept, 1),
    received: pick(records.receivedMs, kept, 1),
    holders: pick(records.holders, kept, 1),
    volumes: pick(records.volumes, kept, 1),
    presence: pick(records.presence, kept, words),
  };
}

type NumberColumn = Uint16Array | Uint32Array | Float64Array;

/** The numbers of some records. @param words of each */
function pick<T extends NumberColumn>(
  column: T,
  kept: Uint32Array,
  words: number,
): T {
  const length = kept.length * words;
  if (length === column.length) return column;

  const picked = column.slice(0, length) as T;

  for (let at = 0; at < kept.length; at++) {
    const from = (kept[at] ?? 0) * words;
    const to = at * words;

    for (let word = 0; word < words; word++) {
      picked[to + word] = column[from + word] ?? 0;
    }
  }

  return picked;
}

function pickLines(
  column: TextColumn,
  kept: Uint32Array,
  isAll: boolean,
): TextColumn {
  return isAll ? column : keepLines(column, kept);
}

/** Where the records of a set are among those that are kept. */
function placesIn(kept: Uint32Array, records: ReadonlySet<number>): number[] {
  const places: number[] = [];
  if (records.size === 0) return places;

  for (const [at, record] of kept.entries()) {
    if (records.has(record)) {
      places.push(at);
    }
  }

  return places;
}

function addText(
  columns: Map<string, Uint8Array>,
  name: string,
  { bytes, ends }: TextColumn,
): void {
  columns.set(`${name} ends`, bytesOf(ends));
  columns.set(name, bytes);
}

function bytesOf({ buffer, byteOffset, byteLength }: NumberColumn): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Reads what an index says of its records but the headers. @throws {BrokenFile} */
export async function unpackRecords(
  file: ColumnFile,
  { archives, directories, count }: HeadFacts,
): Promise<RecordColumns> {
  const words = presenceWords(archives.length);
  const read = (name: string, bytes: number): Promise<Buffer> =>
    file.read(name, count * bytes);

  const records = {
    count,
    directories: toUint32(await read('directories', 4)),
    files: await unpackText(file, FILES, count),
    sizes: toFloat64(await read('sizes', 8)),
    crcs: toUint32(await read('crcs', 4)),
    receivedMs: toFloat64(await read('received', 8)),
    holders: toUint16(await read('holders', 2)),
    volumes: toUint16(await read('volumes', 2)),
    presence: toUint32(await read('presence', 4 * words)),
  };

  refuseBeyond(records.directories, directories.length);
  refuseBeyond(records.holders, archives.length);

  return records;
}

/** @throws {BrokenFile} */
export async function unpackText(
  file: ColumnFile,
  name: HeaderField | typeof FILES,
  count: number,
): Promise<TextColumn> {
  const ends = toUint32(await file.read(`${name} ends`, count * 4));
  const bytes = await file.read(name);
  let previous = -1;

  // An iterator would take most of the time of a search.
  for (let record = 0; record < count; record++) {
    const end = ends[record] ?? 0;
    if (end <= previous) {
      throw new BrokenFile(`${name} has no such lines`);
    }

    previous = end;
  }

  if (previous !== bytes.length - 1) {
    throw new BrokenFile(`${name} has other lines`);
  }

  return new TextColumn(bytes, ends);
}

export async function unpackDates(
  file: ColumnFile,
  count: number,
): Promise<Float64Array> {
  const bytes = await file.read('dates', count * 8);

  return toFloat64(bytes);
}

function refuseBeyond(column: Uint16Array | Uint32Array, limit: number): void {
  for (let at = 0; at < column.length; at++) {
    const number = column[at] ?? 0;
    if (number >= limit) {
      throw new BrokenFile('a number leads nowhere');
    }
  }
}

const toUint16 = (bytes: Buffer): Uint16Array => {
  const { buffer, byteOffset } = aligned(bytes);

  return new Uint16Array(buffer, byteOffset, bytes.length / 2);
};

const toUint32 = (bytes: Buffer): Uint32Array => {
  const { buffer, byteOffset } = aligned(bytes);

  return new Uint32Array(buffer, byteOffset, bytes.length / 4);
};

const toFloat64 = (bytes: Buffer): Float64Array => {
  const { buffer, byteOffset } = aligned(bytes);

  return new Float64Array(buffer, byteOffset, bytes.length / 8);
};

/** A storage may give bytes that begin anywhere in its memory. */
function aligned(bytes: Buffer): Uint8Array {
  const isAligned = bytes.byteOffset % 8 === 0;

  return isAligned ? bytes : new Uint8Array(bytes);
}

import { DamagedArchiveError } from '../errors.js';
import { type EntryColumns, EntryTable, makeColumns, TimePrecision } from './entry-table.js';
import { readExtras } from './extra-fields.js';
import type { RandomAccessSource } from './source.js';
import { centralHeaderLength } from './volume-file.js';
import {
  CENTRAL_FIXED_BYTES,
  CENTRAL_SIGNATURE,
  END_BYTES,
  END_SIGNATURE,
  EXTRA_NTFS,
  EXTRA_UNICODE_PATH,
  EXTRA_UNIX_TIME,
  EXTRA_ZIP64,
  FLAG_UTF8,
  NTFS_EPOCH_TICKS,
  type FilePart,
} from './zip-format.js';

/** A volume's central directory as it lies in the file. */
export interface DirectoryBytes {
  readonly bytes: Buffer;
  /** Where it begins in the volume. */
  readonly offset: number;
  readonly entries: number;
}

/**
 * Finds the central directory of a plain volume: one disk, no Zip64, no bytes after the end record.
 * Undefined where anything is out of the ordinary: then yauzl decides.
 */
export async function readDirectoryBytes(source: RandomAccessSource): Promise<DirectoryBytes | undefined> {
  if (source.sizeBytes < END_BYTES) return undefined;
  const end = await source.read(source.sizeBytes - END_BYTES, END_BYTES);
  if (end.readUInt32LE(0) !== END_SIGNATURE || end.readUInt32LE(4) !== 0 || end.readUInt16LE(20) !== 0)
    return undefined;
  const entries = end.readUInt16LE(10);
  const [length, offset] = [end.readUInt32LE(12), end.readUInt32LE(16)];
  const isPlain =
    end.readUInt16LE(8) === entries && entries !== 0xffff && offset + length === source.sizeBytes - END_BYTES;
  return isPlain ? { bytes: await source.read(offset, length), offset, entries } : undefined;
}

/**
 * Reads the entries of a directory whose headers are all plain: UTF-8 or ASCII names, no Zip64, no second name.
 * No object is made for an entry: a million take less than a second. Undefined where a header is not plain.
 */
export function parsePlainDirectory(directory: DirectoryBytes): EntryTable | undefined {
  const { bytes, entries } = directory;
  const columns = makeColumns(entries, bytes);
  const fill: Fill = { columns, bytes, mtimeHalves: new Uint32Array(columns.mtimes.buffer) };
  let at = 0;
  for (let index = 0; index < entries; index++) {
    if (at + CENTRAL_FIXED_BYTES > bytes.length || bytes.readUInt32LE(at) !== CENTRAL_SIGNATURE) return undefined;
    const next = at + centralHeaderLength(bytes, at);
    if (next > bytes.length || !readPlainEntry(fill, index, at)) return undefined;
    at = next;
  }
  return at === bytes.length ? new EntryTable(columns) : undefined;
}

interface Fill {
  readonly columns: EntryColumns;
  readonly bytes: Buffer;
  /** The times' low and high words: a BigInt for each of a million entries would cost more than all else. */
  readonly mtimeHalves: Uint32Array;
}

/** Fills one row from the header at `at`; false where it is not plain. */
function readPlainEntry(fill: Fill, index: number, at: number): boolean {
  const { columns, bytes } = fill;
  const flags = bytes.readUInt16LE(at + 8);
  const nameStart = at + CENTRAL_FIXED_BYTES;
  const nameEnd = nameStart + bytes.readUInt16LE(at + 28);
  if (bytes.readUInt16LE(at + 34) !== 0 || !isPlainName(bytes, nameStart, nameEnd, flags)) return false;
  columns.nameStarts[index] = nameStart;
  columns.nameLengths[index] = nameEnd - nameStart;
  columns.flags[index] = flags;
  columns.methods[index] = bytes.readUInt16LE(at + 10);
  columns.crcs[index] = bytes.readUInt32LE(at + 16);
  columns.compressedSizes[index] = bytes.readUInt32LE(at + 20);
  columns.sizes[index] = bytes.readUInt32LE(at + 24);
  columns.headerOffsets[index] = bytes.readUInt32LE(at + 42);
  columns.modes[index] = bytes[at + 5] === 3 ? bytes.readUInt16LE(at + 40) : 0;
  return readPlainExtras(fill, index, at);
}

/** The extra fields as this tool writes them are read without making an object; any others the general way. */
function readPlainExtras({ columns, bytes, mtimeHalves }: Fill, index: number, at: number): boolean {
  const start = at + CENTRAL_FIXED_BYTES + bytes.readUInt16LE(at + 28);
  const end = start + bytes.readUInt16LE(at + 30);
  if (
    end - start === 45 &&
    bytes.readUInt16LE(start) === EXTRA_UNIX_TIME &&
    bytes.readUInt16LE(start + 9) === EXTRA_NTFS
  ) {
    mtimeHalves[index * 2] = bytes.readUInt32LE(start + 21);
    mtimeHalves[index * 2 + 1] = bytes.readUInt32LE(start + 25);
    columns.precisions[index] = TimePrecision.tick;
    return true;
  }
  if (hasOddExtra(bytes, start, end)) return false;
  const dos = bytes.readUInt16LE(at + 14) * 65_536 + bytes.readUInt16LE(at + 12);
  const extras = readExtras(bytes, start, end, dos);
  columns.mtimes[index] = extras.mtimeTicks + NTFS_EPOCH_TICKS;
  columns.precisions[index] = extras.precision;
  if (extras.part) (columns.parts as Map<number, FilePart>).set(index, extras.part);
  return true;
}

function isPlainName(bytes: Buffer, start: number, end: number, flags: number): boolean {
  let isAscii = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20 || byte === 0x5c || byte === 0x7f) return false;
    if (byte >= 0x80) isAscii = false;
  }
  if (start === end || isAscii) return start < end;
  const name = bytes.subarray(start, end);
  return (flags & FLAG_UTF8) !== 0 && Buffer.from(name.toString('utf8')).equals(name);
}

function hasOddExtra(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at + 4 <= end) {
    const id = bytes.readUInt16LE(at);
    if (id === EXTRA_ZIP64 || id === EXTRA_UNICODE_PATH) return true;
    at += 4 + bytes.readUInt16LE(at + 2);
  }
  return at !== end;
}

/**
 * The entries of one volume, whatever tool wrote it, with the extent of each.
 * @throws {DamagedArchiveError} when the volume is no zip file or its structure contradicts itself
 */
export async function readEntries(source: RandomAccessSource): Promise<{ table: EntryTable; directory: Buffer }> {
  const directory = await readDirectoryBytes(source);
  const plain = directory && parsePlainDirectory(directory);
  if (plain) return { table: setExtents(plain, directory.offset, source.name), directory: directory.bytes };
  const { readOddDirectory } = await import('./odd-central-directory.js');
  const odd = await readOddDirectory(source);
  return { table: setExtents(odd.table, odd.offset, source.name), directory: odd.directory };
}

/**
 * Sorts the entries by position and lets each end where the next begins; entries that reach into their successor are
 * refused. Sorting finds every overlap in one pass: if any two overlap, two neighbours do.
 */
function setExtents(table: EntryTable, directoryOffset: number, volume: string): EntryTable {
  const order = Uint32Array.from({ length: table.count }, (_, index) => index);
  const isSorted = order.every((index) => index === 0 || table.headerOffset(index - 1) < table.headerOffset(index));
  if (!isSorted) order.sort((a, b) => table.headerOffset(a) - table.headerOffset(b));
  for (let position = 0; position < order.length; position++) {
    const index = order[position] ?? 0;
    const next = order[position + 1];
    const end = next === undefined ? directoryOffset : table.headerOffset(next);
    const least = table.headerOffset(index) + 30 + table.rawNameLength(index) + table.compressedSize(index);
    if (least > end) {
      throw new DamagedArchiveError(
        `${volume}: the data of entry ${JSON.stringify(table.name(index))} reach byte ${least}, beyond what follows at ${end}`,
        { hints: ['Entries that overlap are damage or an attack: use another archive.'] },
      );
    }
    table.columns.extentEnds[index] = end;
  }
  return table;
}

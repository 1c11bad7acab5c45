import { DamagedArchiveError } from '../../errors.js';
import { type DirectoryPlace, refuseLongDirectory } from './central-headers.js';
import type { EntryTable } from './entry-table.js';
import {
  EXTRA_UNICODE_PATH,
  EXTRA_ZIP64,
  isOwnExtra,
  readExtras,
} from './extra-fields.js';
import { DirectoryTable } from './header-table.js';
import type { RandomAccessSource } from './source.js';
import {
  CENTRAL_FIXED_BYTES,
  CENTRAL_SIGNATURE,
  END_BYTES,
  END_SIGNATURE,
  FLAG_UTF8,
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
 * Finds the central directory of a plain volume: one disk, no Zip64, no bytes after the end record. A volume that was cut
 * off has none. Undefined where anything is out of the ordinary: then yauzl decides.
 * @throws {DamagedArchiveError} when it is too long to be read
 */
export async function findDirectory(
  source: RandomAccessSource,
): Promise<(DirectoryPlace & { readonly entries: number }) | undefined> {
  if (source.sizeBytes < END_BYTES) return undefined;

  const end = await source.read(source.sizeBytes - END_BYTES, END_BYTES);
  if (
    end.readUInt32LE(0) !== END_SIGNATURE ||
    end.readUInt32LE(4) !== 0 ||
    end.readUInt16LE(20) !== 0
  ) {
    return undefined;
  }

  const entries = end.readUInt16LE(10);
  const [length, offset] = [end.readUInt32LE(12), end.readUInt32LE(16)];

  const isPlain =
    end.readUInt16LE(8) === entries &&
    entries !== 0xffff &&
    offset + length === source.sizeBytes - END_BYTES;

  if (!isPlain) return undefined;

  refuseLongDirectory(source.name, length);

  return { offset, length, entries };
}

/** Reads the central directory of a plain volume; undefined for any other. */
export async function readDirectoryBytes(
  source: RandomAccessSource,
): Promise<DirectoryBytes | undefined> {
  const place = await findDirectory(source);
  return (
    place && { ...place, bytes: await source.read(place.offset, place.length) }
  );
}

/**
 * Reads the entries of a directory whose headers are all plain: UTF-8 or ASCII names, no Zip64, no second name.
 * No object is made for an entry: a million take less than a second. Undefined where a header is not plain.
 */
export function parsePlainDirectory({
  bytes,
  entries,
}: DirectoryBytes): EntryTable | undefined {
  const nameStarts = new Uint32Array(entries);
  const parts = new Map<number, FilePart>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  for (let index = 0; index < entries; index++) {
    if (
      at + CENTRAL_FIXED_BYTES > bytes.length ||
      view.getUint32(at, true) !== CENTRAL_SIGNATURE
    ) {
      return undefined;
    }

    const nameStart = at + CENTRAL_FIXED_BYTES;
    const extraStart = nameStart + view.getUint16(at + 28, true);
    const extraEnd = extraStart + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    const isOneDisk = view.getUint16(at + 34, true) === 0;
    if (next > bytes.length || !isOneDisk) return undefined;

    if (
      !isPlainAscii(view, nameStart, extraStart) &&
      !isPlainName(bytes, nameStart, extraStart)
    ) {
      return undefined;
    }

    if (!isOwnExtra(view, extraStart, extraEnd)) {
      if (hasOddExtra(bytes, extraStart, extraEnd)) return undefined;

      const { part } = readExtras(bytes, extraStart, extraEnd, 0);
      if (part) parts.set(index, part);
    }

    nameStarts[index] = nameStart;
    at = next;
  }

  return at === bytes.length
    ? new DirectoryTable(bytes, nameStarts, parts)
    : undefined;
}

/** All names but few, four bytes at a time: none of them below 0x20, 0x5c, 0x7f or above. False also where it cannot tell. */
function isPlainAscii(view: DataView, start: number, end: number): boolean {
  if (end - start < 4) return false;

  for (let at = start; at < end; at += 4) {
    // The last word may overlap the one before it.
    const word = view.getUint32(Math.min(at, end - 4), true);
    const flipped = word ^ 0x5c5c5c5c;

    const odd =
      word |
      (word + 0x01010101) |
      ((word - 0x20202020) & ~word) |
      ((flipped - 0x01010101) & ~flipped);

    if ((odd & 0x80808080) !== 0) return false;
  }

  return true;
}

/** @param start right behind the header's fixed part */
function isPlainName(bytes: Buffer, start: number, end: number): boolean {
  let isAscii = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20 || byte === 0x5c || byte === 0x7f) return false;

    if (byte >= 0x80) isAscii = false;
  }

  if (start === end || isAscii) return start < end;

  const name = bytes.subarray(start, end);
  const flags = bytes.readUInt16LE(start - CENTRAL_FIXED_BYTES + 8);

  return (
    (flags & FLAG_UTF8) !== 0 && Buffer.from(name.toString('utf8')).equals(name)
  );
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
export async function readEntries(
  source: RandomAccessSource,
): Promise<{ table: EntryTable; directory: Buffer }> {
  const directory = await readDirectoryBytes(source);
  const plain = directory && parsePlainDirectory(directory);

  if (plain) {
    return {
      table: setExtents(plain, directory.offset, source.name),
      directory: directory.bytes,
    };
  }

  const { readOddDirectory } = await import('./odd-central-directory.js');
  const odd = await readOddDirectory(source);

  return {
    table: setExtents(odd.table, odd.offset, source.name),
    directory: odd.directory,
  };
}

/**
 * Lets each entry end where the next one by position begins; entries that reach into their successor are refused.
 * Sorting finds every overlap in one pass: if any two overlap, two neighbours do.
 */
function setExtents(
  table: EntryTable,
  directoryOffset: number,
  volume: string,
): EntryTable {
  const order = isSorted(table) ? undefined : sortByPosition(table);
  for (let position = 0; position < table.count; position++) {
    const index = order?.[position] ?? position;
    const next = order?.[position + 1] ?? position + 1;
    const end =
      position + 1 === table.count ? directoryOffset : table.headerOffset(next);

    const least =
      table.headerOffset(index) +
      30 +
      table.rawNameLength(index) +
      table.compressedSize(index);

    if (least > end) throw overlap(table, index, { volume, least, end });

    table.setExtentEnd(index, end);
  }

  return table;
}

function isSorted(table: EntryTable): boolean {
  for (let index = 1; index < table.count; index++) {
    if (table.headerOffset(index - 1) >= table.headerOffset(index)) {
      return false;
    }
  }

  return true;
}

function sortByPosition(table: EntryTable): Uint32Array {
  const order = Uint32Array.from({ length: table.count }, (_, index) => index);
  return order.sort((a, b) => table.headerOffset(a) - table.headerOffset(b));
}

function overlap(
  table: EntryTable,
  index: number,
  { volume, least, end }: { volume: string; least: number; end: number },
): DamagedArchiveError {
  const name = JSON.stringify(table.name(index));
  return new DamagedArchiveError(
    `${volume}: the data of entry ${name} reach byte ${least}, beyond what follows at ${end}`,
    {
      hints: [
        'Entries that overlap are damage or an attack: use another archive.',
      ],
    },
  );
}

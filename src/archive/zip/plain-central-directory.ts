import {
  type CentralDirectoryPlace,
  centralHeaderLength,
  refuseLongCentralDirectory,
} from './central-headers.js';
import { CentralDirectoryTable } from './central-directory-table.js';
import {
  EXTRA_UNICODE_PATH,
  EXTRA_ZIP64,
  isOwnExtra,
  readExtras,
} from './extra-fields.js';
import type { RandomAccessSource } from './source.js';
import {
  CENTRAL,
  CENTRAL_FIXED_BYTES,
  CENTRAL_SIGNATURE,
  END_BYTES,
  END_SIGNATURE,
  FLAG_UTF8,
  type FilePiece,
} from './zip-format.js';

/**
 * The fast lane of reading central directories: those that are plain, as this tool and most others write them. It
 * decides nothing: whatever is out of the ordinary goes to odd-central-directory.ts (docs/decisions/0002).
 */

/** A count of 65,535 refers to the Zip64 end record (APPNOTE 4.4.1.4). */
const SEE_ZIP64 = 0xffff;

/** A volume's central directory as it lies in the file. */
export interface CentralDirectoryBytes {
  readonly bytes: Buffer;
  /** Its offset in the volume. */
  readonly offset: number;
  readonly entries: number;
}

/**
 * Finds the central directory of a plain volume by its end record (APPNOTE 4.3.16): one disk, no Zip64, no bytes after the end record. A volume that was cut
 * off has none. Undefined where anything is out of the ordinary: then yauzl decides.
 * @throws {DamagedArchiveError} when it is too long to be read
 */
export async function findCentralDirectory(
  source: RandomAccessSource,
): Promise<(CentralDirectoryPlace & { readonly entries: number }) | undefined> {
  if (source.sizeBytes < END_BYTES) return undefined;

  const endRecordAt = source.sizeBytes - END_BYTES;
  const endRecord = await source.read(endRecordAt, END_BYTES);

  // 0: signature; 4: number of the disk, 6: disk of the central directory; 20: length of the comment
  const isWhole =
    endRecord.readUInt32LE(0) === END_SIGNATURE &&
    endRecord.readUInt32LE(4) === 0 &&
    endRecord.readUInt16LE(20) === 0;

  if (!isWhole) return undefined;

  // 8: entries on this disk; 10: entries; 12: length of the central directory; 16: its offset
  const entriesHere = endRecord.readUInt16LE(8);
  const entries = endRecord.readUInt16LE(10);
  const length = endRecord.readUInt32LE(12);
  const offset = endRecord.readUInt32LE(16);

  const isPlain =
    entriesHere === entries &&
    entries !== SEE_ZIP64 &&
    offset + length === endRecordAt;

  if (!isPlain) return undefined;

  refuseLongCentralDirectory(source.name, length);

  return { offset, length, entries };
}

/** Reads the central directory of a plain volume; undefined for any other. */
export async function readCentralDirectory(
  source: RandomAccessSource,
): Promise<CentralDirectoryBytes | undefined> {
  const place = await findCentralDirectory(source);
  if (!place) return undefined;

  return { ...place, bytes: await source.read(place.offset, place.length) };
}

/**
 * Reads the entries of a central directory whose headers are all plain: UTF-8 or ASCII names, no Zip64, no second name. No
 * object is made for an entry: a million take less than a second. Undefined where a header is not plain.
 */
export function parsePlainCentralDirectory({
  bytes,
  entries = countPlainHeaders(bytes),
}: Pick<CentralDirectoryBytes, 'bytes'> & { readonly entries?: number }):
  CentralDirectoryTable | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const nameStarts = new Uint32Array(entries);
  const pieces = new Map<number, FilePiece>();
  let at = 0;

  for (let index = 0; index < entries; index++) {
    const end = endOfPlainHeader(bytes, view, at);
    if (end === NOT_PLAIN) return undefined;

    const piece = readPiece(bytes, view, at);
    if (piece) pieces.set(index, piece);

    nameStarts[index] = at + CENTRAL_FIXED_BYTES;
    at = end;
  }

  return at === bytes.length
    ? new CentralDirectoryTable(bytes, nameStarts, pieces)
    : undefined;
}

function countPlainHeaders(bytes: Buffer): number {
  let entries = 0;
  for (
    let at = 0;
    at + CENTRAL_FIXED_BYTES <= bytes.length;
    at += centralHeaderLength(bytes, at)
  ) {
    entries++;
  }

  return entries;
}

/** The same of bytes that were found plain before. @param pieces those that were found then */
export function parseKnownCentralDirectory(
  bytes: Buffer,
  entries: number,
  pieces: ReadonlyMap<number, FilePiece>,
): CentralDirectoryTable {
  const nameStarts = new Uint32Array(entries);
  let at = 0;

  for (let index = 0; index < entries; index++) {
    nameStarts[index] = at + CENTRAL_FIXED_BYTES;
    at += centralHeaderLength(bytes, at);
  }

  return new CentralDirectoryTable(bytes, nameStarts, pieces);
}

/** No header ends at the start of the central directory. */
const NOT_PLAIN = 0;

/** The end of the plain header at `at`; NOT_PLAIN for any other. */
function endOfPlainHeader(bytes: Buffer, view: DataView, at: number): number {
  const nameStart = at + CENTRAL_FIXED_BYTES;
  const isHeader =
    nameStart <= bytes.length && view.getUint32(at, true) === CENTRAL_SIGNATURE;

  if (!isHeader) return NOT_PLAIN;

  const extraStart = nameStart + view.getUint16(at + CENTRAL.nameLength, true);
  const extraEnd = extraStart + view.getUint16(at + CENTRAL.extraLength, true);
  const end = extraEnd + view.getUint16(at + CENTRAL.commentLength, true);
  const isOneDisk = view.getUint16(at + CENTRAL.disk, true) === 0;
  if (end > bytes.length || !isOneDisk) return NOT_PLAIN;

  const isPlain =
    (isPlainAscii(view, nameStart, extraStart) ||
      isPlainName(bytes, nameStart, extraStart)) &&
    (isOwnExtra(view, extraStart, extraEnd) ||
      isPlainExtra(bytes, extraStart, extraEnd));

  return isPlain ? end : NOT_PLAIN;
}

/** The place of a piece in its file, which the extra fields of the plain header at `at` may hold. */
function readPiece(
  bytes: Buffer,
  view: DataView,
  at: number,
): FilePiece | undefined {
  const nameLength = view.getUint16(at + CENTRAL.nameLength, true);
  const start = at + CENTRAL_FIXED_BYTES + nameLength;
  const end = start + view.getUint16(at + CENTRAL.extraLength, true);

  return isOwnExtra(view, start, end)
    ? undefined
    : readExtras(bytes, start, end, 0).piece;
}

/**
 * True when no byte of a name is below 0x20, 0x5c, or 0x7f and above. It looks at four bytes at a time, and is false for names
 * that are too short for that.
 */
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

/** True when the extra fields are whole, and none of them changes sizes or the name. */
function isPlainExtra(bytes: Buffer, start: number, end: number): boolean {
  let at = start;

  while (at + 4 <= end) {
    // 0: id; 2: length of the data
    const id = bytes.readUInt16LE(at);
    if (id === EXTRA_ZIP64 || id === EXTRA_UNICODE_PATH) return false;

    at += 4 + bytes.readUInt16LE(at + 2);
  }

  return at === end;
}

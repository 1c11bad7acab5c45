import { crc32 } from 'node:zlib';
import { codec, codecNamed } from './codec.js';
import { type Codec, InflateError, type InflateRoom } from './codec-types.js';
import { entryDamage } from './entry-damage.js';
import type { EntryTable } from './entry-table.js';
import { checkLocalHeader } from './local-header.js';
import type { RandomAccessSource } from './source.js';
import { LOCAL_FIXED_BYTES, METHOD_STORED } from './zip-format.js';

/**
 * The one way to read an entry: its local header is compared with the central one, its data are inflated, and its size
 * and checksum are compared with the declared ones. `readHead`, `readWhole` and `readPieces` read from an open volume,
 * `readHeld` from memory. Each of them throws an EntryDamage where the entry is damaged.
 */

/** Room for a local header with a long name and some extra fields. */
const HEADER_ROOM_BYTES = 2048;
const PIECE_BYTES = 1 << 20;

/** An entry of an open volume. */
export interface EntryPlace {
  /** The open volume. */
  readonly source: RandomAccessSource;
  readonly table: EntryTable;
  readonly index: number;
}

/**
 * The content of an entry that fits into memory.
 * @throws {EntryDamage} when it is not what its headers promise · {Error} when the volume cannot be read
 */
export function readWhole(place: EntryPlace): Buffer {
  const { table, index } = place;
  const data = readData(place, table.compressedSize(index));

  return checkedContent(data, table, index);
}

/**
 * The beginning of an entry's content: what `limitBytes` of its compressed data give. Its checksum covers the whole
 * content and is not compared.
 * @param memory more than the size of the entry: the content lies there; without it in memory of its own
 * @throws {EntryDamage} when not even that can be read · {Error} when the volume cannot be read
 */
export function readHead(
  place: EntryPlace,
  limitBytes: number,
  memory?: Buffer,
): Buffer {
  const { table, index } = place;
  const wanted = Math.min(table.compressedSize(index), limitBytes);
  const data = readData(place, wanted);

  if (table.method(index) === METHOD_STORED) return data;

  try {
    const room = { size: table.size(index), isBeginning: true, memory };

    return codec.inflate(data, room).bytes;
  } catch (error) {
    throw toEntryDamage(error);
  }
}

/**
 * The content of an entry whose local header and data are in memory.
 * @param bytes begin at its local header and hold all its data
 * @param memory more than the size of the entry: the content is good until the next call; without it in memory of its own
 * @throws {EntryDamage} when it is not what its headers promise
 */
export function readHeld(
  bytes: Buffer,
  table: EntryTable,
  index: number,
  memory?: Buffer,
): Buffer {
  const dataStart = openEntry(bytes, table, index);
  const dataEnd = dataStart + table.compressedSize(index);
  const data = bytes.subarray(dataStart, dataEnd);

  return checkedContent(data, table, index, memory);
}

/** An entry whose headers are sound; its data are still to be read. */
export interface OpenEntry extends EntryPlace {
  /** The offset of its data in the volume. */
  readonly dataStart: number;
}

/**
 * Finds the data of an entry that is read piece by piece.
 * @throws {EntryDamage} when its headers contradict each other · {Error} when the volume cannot be read
 */
export function openForPieces(place: EntryPlace): OpenEntry {
  const { table, index } = place;
  const { dataStart } = readHeader(place, 0);

  return { ...place, dataStart: table.headerOffset(index) + dataStart };
}

/**
 * Gives the content of an entry piece by piece: neither it nor its data are ever held whole. Only after the last piece it
 * is known whether the entry is sound.
 * @param take sees a piece in memory that is used again when it returns
 * @throws {EntryDamage} when it is not what its headers promise · {Error} when the volume cannot be read
 */
export async function readPieces(
  entry: OpenEntry,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  const { table, index } = entry;
  const declaredBytes = table.size(index);
  let sizeBytes = 0;
  let crc = 0;

  const takeCounted = (bytes: Uint8Array): void => {
    sizeBytes += bytes.length;
    if (sizeBytes > declaredBytes) throw entryDamage.tooLong();

    crc = crc32(bytes, crc);
    take(bytes);
  };

  await inflatePieces(entry, takeCounted);

  if (sizeBytes !== declaredBytes) {
    throw entryDamage.tooShort(sizeBytes, declaredBytes);
  }

  if (crc !== table.crc(index)) throw entryDamage.wrongChecksum();
}

async function inflatePieces(
  entry: OpenEntry,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  const { table, index } = entry;
  const pieces = dataPieces(entry);

  if (table.method(index) === METHOD_STORED) {
    for (const piece of pieces) take(piece);
    return;
  }

  const usedBytes = await codec
    .inflatePieces(pieces, take)
    .catch((error: unknown) => {
      throw toEntryDamage(error);
    });

  if (usedBytes !== table.compressedSize(index)) {
    throw entryDamage.followedByBytes();
  }
}

/** The data of an entry, piece by piece in the same memory. */
function* dataPieces({
  source,
  table,
  index,
  dataStart,
}: OpenEntry): Generator<Buffer> {
  const length = table.compressedSize(index);
  const memory = Buffer.allocUnsafeSlow(Math.min(length, PIECE_BYTES));

  for (let done = 0; done < length; done += PIECE_BYTES) {
    const piece = memory.subarray(0, Math.min(PIECE_BYTES, length - done));
    source.readInto(piece, dataStart + done);
    yield piece;
  }
}

/** The first `wanted` bytes of an entry's data, as a rule by one read. */
function readData(place: EntryPlace, wanted: number): Buffer {
  const { bytes, dataStart } = readHeader(place, wanted);

  return bytes.subarray(dataStart, dataStart + wanted);
}

/** The local header of an entry, checked, and at least `dataBytes` of what follows it. */
function readHeader(
  { source, table, index }: EntryPlace,
  dataBytes: number,
): { readonly bytes: Buffer; readonly dataStart: number } {
  const start = table.headerOffset(index);
  const extentBytes = table.extentEnd(index) - start;

  const read = (length: number): Buffer => {
    const bytes = Buffer.allocUnsafe(Math.min(extentBytes, length));
    source.readInto(bytes, start);

    return bytes;
  };

  let bytes = read(HEADER_ROOM_BYTES + dataBytes);
  const headerBytes = table.dataOffset(index) ?? localHeaderLength(bytes);
  const neededBytes = headerBytes + dataBytes;

  if (neededBytes > bytes.length && bytes.length < extentBytes) {
    bytes = read(neededBytes);
  }

  return { bytes, dataStart: openEntry(bytes, table, index) };
}

/** The length that a local header says it has, with its name and extra fields (APPNOTE 4.3.7). */
function localHeaderLength(bytes: Buffer): number {
  if (bytes.length < LOCAL_FIXED_BYTES) return LOCAL_FIXED_BYTES;

  // 26: length of the name; 28: length of the extra fields
  return LOCAL_FIXED_BYTES + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
}

/**
 * Checks the headers of an entry whose local header is at the start of `bytes`.
 * @returns the offset of the data, counted from the header
 */
function openEntry(bytes: Buffer, table: EntryTable, index: number): number {
  const dataStart =
    table.dataOffset(index) ?? checkLocalHeader(bytes, table, index);
  const dataEnd = dataStart + table.compressedSize(index);

  if (table.headerOffset(index) + dataEnd > table.extentEnd(index)) {
    throw entryDamage.reachesIntoNext();
  }

  const isStored = table.method(index) === METHOD_STORED;
  if (isStored && table.compressedSize(index) !== table.size(index)) {
    throw entryDamage.storedSizesDiffer();
  }

  return dataStart;
}

/**
 * The content that compressed data give.
 * @param memory as `readHeld` takes it
 * @throws {EntryDamage} when it is not what the headers promise
 */
export function checkedContent(
  data: Buffer,
  table: EntryTable,
  index: number,
  memory?: Buffer,
): Buffer {
  if (table.method(index) === METHOD_STORED) {
    return crc32(data) === table.crc(index) ? data : failChecksum();
  }

  const room = { size: table.size(index), memory };
  const content = inflateWhole(codec, data, room);
  if (crc32(content) === table.crc(index)) return content;

  // Mail is called damaged only where zlib, too, makes something else of it.
  const again = inflateWhole(codecNamed('zlib'), data, room);

  return crc32(again) === table.crc(index) ? again : failChecksum();
}

function failChecksum(): never {
  throw entryDamage.wrongChecksum();
}

function inflateWhole(by: Codec, data: Buffer, room: InflateRoom): Buffer {
  try {
    const { bytes, unread } = by.inflate(data, room);

    if (bytes.length !== room.size) {
      throw entryDamage.tooShort(bytes.length, room.size);
    }

    if (unread > 0) throw entryDamage.followedByBytes();

    return bytes;
  } catch (error) {
    throw toEntryDamage(error);
  }
}

/** The damage that the codec tells of; any other error as it is. */
function toEntryDamage(error: unknown): unknown {
  if (!(error instanceof InflateError)) return error;

  return error.fault === 'too long'
    ? entryDamage.tooLong()
    : entryDamage.brokenData(error.message);
}

import { crc32 } from 'node:zlib';
import type { EntryTable } from './entry-table.js';
import { checkLocalHeader, EntryDamage } from './local-header.js';
import { readRange } from './source.js';
import { METHOD_STORED } from './zip-format.js';
import { inflatePieces } from './zlib-handle.js';

const LARGEST_LOCAL_HEADER_BYTES = 30 + 2 * 65_535;
const PIECE_BYTES = 1 << 20;

/**
 * Where an entry's data begin in its volume.
 * @param fd the open volume
 * @throws {EntryDamage} when its headers contradict each other · {Error} when the volume cannot be read
 */
export function findEntryData(
  fd: number,
  table: EntryTable,
  index: number,
): number {
  const start = table.headerOffset(index);
  const headBytes = Math.min(
    LARGEST_LOCAL_HEADER_BYTES,
    table.extentEnd(index) - start,
  );

  const head = Buffer.allocUnsafe(headBytes);

  readRange(fd, head, start, headBytes);

  const dataStart = start + checkLocalHeader(head, table, index);
  if (dataStart + table.compressedSize(index) > table.extentEnd(index)) {
    throw new EntryDamage('its data reach into the next entry');
  }

  return dataStart;
}

/** Which entry's data to read, as `findEntryData` found them. */
export interface EntryData {
  readonly fd: number;
  readonly dataStart: number;
  readonly table: EntryTable;
  readonly index: number;
}

/**
 * Gives an entry's content piece by piece: neither it nor its data are ever held whole. Whether it is what its headers promise
 * is known at the end.
 * @throws {EntryDamage} when it is not · zlib's own where its data are broken · {Error} when the volume cannot be read
 */
export async function streamEntry(
  { fd, dataStart, table, index }: EntryData,
  onBytes: (bytes: Uint8Array) => void,
): Promise<void> {
  const [limit, compressedBytes] = [
    table.size(index),
    table.compressedSize(index),
  ];

  let size = 0;
  let crc = 0;

  const take = (bytes: Uint8Array): void => {
    size += bytes.length;
    if (size > limit) {
      throw new EntryDamage('it inflates to more than its declared size');
    }

    crc = crc32(bytes, crc);
    onBytes(bytes);
  };

  const pieces = readPieces(fd, dataStart, compressedBytes);

  if (table.method(index) === METHOD_STORED) {
    for (const piece of pieces) take(piece);
  } else if ((await inflatePieces(pieces, take)) !== compressedBytes) {
    throw new EntryDamage('bytes follow its compressed data');
  }

  if (size !== limit) {
    throw new EntryDamage(`it holds ${size} bytes, declared are ${limit}`);
  }

  if (crc !== table.crc(index)) throw new EntryDamage('its checksum is wrong');
}

/** The bytes of a range, piece by piece in the same memory. */
function* readPieces(
  fd: number,
  start: number,
  length: number,
): Generator<Buffer> {
  const piece = Buffer.allocUnsafeSlow(Math.min(length, PIECE_BYTES));
  for (let done = 0; done < length; done += PIECE_BYTES) {
    const bytes = piece.subarray(0, Math.min(PIECE_BYTES, length - done));
    readRange(fd, bytes, start + done, bytes.length);
    yield bytes;
  }
}

import { crc32, constants, inflateRawSync } from 'node:zlib';
import type { EntryTable } from './entry-table.js';
import {
  checkLocalHeader,
  EntryDamage,
  inflateFaultOf,
} from './local-header.js';
import { readRange } from './source.js';
import { METHOD_STORED } from './zip-format.js';
import { inflateInto } from './zlib-handle.js';

/** Room for a local header with a long name and some extra fields. */
const HEADER_ROOM_BYTES = 2048;
/** Up to this size an entry is inflated into a buffer of its own size. */
const SMALL_BYTES = 1 << 20;

/**
 * The whole content of one entry, checked. For entries that fit into memory.
 * @param fd the open volume
 * @throws {EntryDamage} when it is not what its headers promise · {Error} when the volume cannot be read
 */
export function readEntryBytes(
  fd: number,
  table: EntryTable,
  index: number,
): Buffer {
  const compressed = readCompressed(fd, table, index, Infinity);
  const bytes = inflate(compressed, table, index, true);

  if (bytes.length !== table.size(index)) {
    throw new EntryDamage(
      `it inflates to ${bytes.length} bytes, declared are ${table.size(index)}`,
    );
  }

  if (crc32(bytes) !== table.crc(index)) {
    throw new EntryDamage('its checksum is wrong');
  }

  return bytes;
}

/**
 * The beginning of one entry: what `limitBytes` of its compressed data give. Its checksum covers the whole and so is only
 * checked by `readEntryBytes`.
 * @throws {EntryDamage} when not even that can be read · {Error} when the volume cannot be read
 */
export function readEntryHead(
  fd: number,
  table: EntryTable,
  index: number,
  limitBytes: number,
): Buffer {
  return inflate(
    readCompressed(fd, table, index, limitBytes),
    table,
    index,
    false,
  );
}

function readCompressed(
  fd: number,
  table: EntryTable,
  index: number,
  limitBytes: number,
): Buffer {
  const from = table.headerOffset(index);
  const room = table.extentEnd(index) - from;
  const wanted = Math.min(table.compressedSize(index), limitBytes);
  let bytes = read(fd, from, Math.min(room, wanted + HEADER_ROOM_BYTES));

  const headBytes =
    bytes.length < 30
      ? 30
      : 30 + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);

  if (headBytes + wanted > bytes.length && bytes.length < room) {
    bytes = read(fd, from, Math.min(room, headBytes + wanted));
  }

  const start = checkLocalHeader(bytes, table, index);
  if (start + wanted > bytes.length) {
    throw new EntryDamage('its data reach into the next entry');
  }

  return bytes.subarray(start, start + wanted);
}

function read(fd: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  readRange(fd, bytes, from, length);
  return bytes;
}

function inflate(
  compressed: Buffer,
  table: EntryTable,
  index: number,
  isWhole: boolean,
): Buffer {
  if (table.method(index) === METHOD_STORED) return compressed;

  const size = table.size(index);
  const finishFlush = isWhole ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;

  try {
    if (size > SMALL_BYTES) {
      return inflateRawSync(compressed, {
        maxOutputLength: size,
        chunkSize: SMALL_BYTES,
        finishFlush,
      });
    }

    const output = Buffer.allocUnsafeSlow(size + 1);
    const { written } = inflateInto(compressed, output, finishFlush);
    if (written > size) {
      throw new EntryDamage('it inflates to more than its declared size');
    }

    return output.subarray(0, written);
  } catch (error) {
    const fault = inflateFaultOf(error);
    throw fault === undefined ? error : new EntryDamage(fault);
  }
}

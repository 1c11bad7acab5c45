import { messageOf } from '../../errors.js';
import type { EntryTable } from './entry-table.js';
import {
  EXTRA_ZIP64,
  FLAG_DESCRIPTOR,
  FLAG_ENCRYPTED,
  LOCAL_FIXED_BYTES,
  LOCAL_SIGNATURE,
} from './zip-format.js';

/** An entry that does not hold what its headers promise. */
export class EntryDamage extends Error {}

/**
 * Compares an entry's local header (APPNOTE 4.3.7), at the start of `bytes`, with its central one.
 * @returns where the data begin, counted from the header
 * @throws {EntryDamage} naming the field that differs
 */
export function checkLocalHeader(
  bytes: Buffer,
  table: EntryTable,
  index: number,
): number {
  if (
    bytes.length < LOCAL_FIXED_BYTES ||
    bytes.readUInt32LE(0) !== LOCAL_SIGNATURE
  ) {
    throw new EntryDamage(
      `there is no local header at byte ${table.headerOffset(index)}`,
    );
  }

  const flags = bytes.readUInt16LE(6);
  if ((flags | table.flags(index)) & FLAG_ENCRYPTED) {
    throw new EntryDamage('it is encrypted');
  }

  const method = table.method(index);
  if (method !== 0 && method !== 8) {
    throw new EntryDamage(`it is compressed with the unknown method ${method}`);
  }

  if (bytes.readUInt16LE(8) !== method) {
    throw new EntryDamage('its two headers name different methods');
  }

  const nameEnd = LOCAL_FIXED_BYTES + bytes.readUInt16LE(26);
  const dataStart = nameEnd + bytes.readUInt16LE(28);
  if (dataStart > bytes.length) {
    throw new EntryDamage('its local header is cut off');
  }

  const name = bytes.subarray(LOCAL_FIXED_BYTES, nameEnd);
  if (!name.equals(table.rawName(index))) {
    throw new EntryDamage('its two headers have different names');
  }

  const declared = readSizes(bytes, nameEnd, dataStart);
  // With a data descriptor the local header may leave these three empty (APPNOTE 4.4.4, bit 3).
  const isOpen = (flags & FLAG_DESCRIPTOR) !== 0;
  const same = (local: number, central: number): boolean =>
    local === central || (isOpen && local === 0);
  if (!same(bytes.readUInt32LE(14), table.crc(index))) {
    throw new EntryDamage('its two headers have different checksums');
  }

  if (!same(declared.size, table.size(index))) {
    throw new EntryDamage('its two headers have different sizes');
  }

  if (!same(declared.compressed, table.compressedSize(index))) {
    throw new EntryDamage('its two headers have different compressed sizes');
  }

  return dataStart;
}

/** Sizes of a local header; 0xffffffff refers to the Zip64 field, uncompressed size first (APPNOTE 4.5.3). */
function readSizes(
  bytes: Buffer,
  extraStart: number,
  extraEnd: number,
): { size: number; compressed: number } {
  const sizes = {
    size: bytes.readUInt32LE(22),
    compressed: bytes.readUInt32LE(18),
  };

  if (sizes.size !== 0xffffffff && sizes.compressed !== 0xffffffff) {
    return sizes;
  }

  for (
    let at = extraStart;
    at + 4 <= extraEnd;
    at += 4 + bytes.readUInt16LE(at + 2)
  ) {
    if (bytes.readUInt16LE(at) !== EXTRA_ZIP64) continue;

    const end = Math.min(extraEnd, at + 4 + bytes.readUInt16LE(at + 2));
    let field = at + 4;

    if (sizes.size === 0xffffffff && field + 8 <= end) {
      sizes.size = Number(bytes.readBigUInt64LE(field));
      field += 8;
    }

    if (sizes.compressed === 0xffffffff && field + 8 <= end) {
      sizes.compressed = Number(bytes.readBigUInt64LE(field));
    }

    break;
  }

  return sizes;
}

/** What is wrong with compressed data, where zlib says so; undefined for every other error. */
export function inflateFaultOf(error: unknown): string | undefined {
  const code =
    error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return 'it inflates to more than its declared size';
  }

  return code.startsWith('Z_')
    ? `its compressed data are broken (${messageOf(error)})`
    : undefined;
}

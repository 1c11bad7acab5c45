import { entryDamage } from './entry-damage.js';
import type { EntryTable } from './entry-table.js';
import { EXTRA_ZIP64 } from './extra-fields.js';
import {
  FLAG_DESCRIPTOR,
  FLAG_ENCRYPTED,
  LOCAL_FIXED_BYTES,
  LOCAL_SIGNATURE,
  METHOD_DEFLATED,
  METHOD_STORED,
} from './zip-format.js';

/** 0xffffffff in a field of 32 bits refers to the Zip64 extra field (APPNOTE 4.5.3). */
const SEE_ZIP64 = 0xffffffff;

/**
 * Compares an entry's local header (APPNOTE 4.3.7), at the start of `bytes`, with its central one.
 * @returns the offset of the data, counted from the header
 * @throws {EntryDamage} naming the field that differs
 */
export function checkLocalHeader(
  bytes: Buffer,
  table: EntryTable,
  index: number,
): number {
  // 0: signature
  if (
    bytes.length < LOCAL_FIXED_BYTES ||
    bytes.readUInt32LE(0) !== LOCAL_SIGNATURE
  ) {
    throw entryDamage.noLocalHeader(table.headerOffset(index));
  }

  checkMethod(bytes, table, index);

  // 26: length of the name; 28: length of the extra fields; 30: name, then extra fields, then data
  const nameEnd = LOCAL_FIXED_BYTES + bytes.readUInt16LE(26);
  const dataStart = nameEnd + bytes.readUInt16LE(28);
  if (dataStart > bytes.length) throw entryDamage.localHeaderCutOff();

  if (!isNameOf(bytes, nameEnd, table, index)) {
    throw entryDamage.headersDiffer('name');
  }

  // Most are equal, and nothing is made for them.
  if (!hasSameValues(bytes, table, index)) {
    const sizes = readSizes(bytes.subarray(0, dataStart), nameEnd);
    checkValues(bytes, sizes, table, index);
  }

  return dataStart;
}

/** Says whether the name of a local header, which ends at `nameEnd`, is that of the entry. */
function isNameOf(
  bytes: Buffer,
  nameEnd: number,
  table: EntryTable,
  index: number,
): boolean {
  if (table.rawNameOf(index)) {
    const name = bytes.subarray(LOCAL_FIXED_BYTES, nameEnd);

    return name.equals(table.rawName(index));
  }

  const { names } = table;
  const length = table.nameLength(index);
  if (nameEnd - LOCAL_FIXED_BYTES !== length) return false;

  const start = table.nameStart(index);
  // From the end: names next to each other differ there.
  for (let at = length - 1; at >= 0; at--) {
    if (names[start + at] !== bytes[LOCAL_FIXED_BYTES + at]) return false;
  }

  return true;
}

/** Says whether checksum and sizes stand in the local header itself as they do in the table. */
function hasSameValues(
  bytes: Buffer,
  table: EntryTable,
  index: number,
): boolean {
  // 14: CRC-32 of the content; 18: compressed size; 22: size
  const compressedBytes = bytes.readUInt32LE(18);
  const sizeBytes = bytes.readUInt32LE(22);

  return (
    compressedBytes !== SEE_ZIP64 &&
    sizeBytes !== SEE_ZIP64 &&
    bytes.readUInt32LE(14) === table.crc(index) &&
    compressedBytes === table.compressedSize(index) &&
    sizeBytes === table.size(index)
  );
}

function checkMethod(bytes: Buffer, table: EntryTable, index: number): void {
  // 6: general purpose flags
  const flags = bytes.readUInt16LE(6) | table.flags(index);
  if (flags & FLAG_ENCRYPTED) throw entryDamage.encrypted();

  const method = table.method(index);
  if (method !== METHOD_STORED && method !== METHOD_DEFLATED) {
    throw entryDamage.unknownMethod(method);
  }

  // 8: compression method
  if (bytes.readUInt16LE(8) !== method) {
    throw entryDamage.headersDiffer('method');
  }
}

/** With a data descriptor the local header may leave checksum and sizes empty (APPNOTE 4.4.4, bit 3). */
function checkValues(
  bytes: Buffer,
  sizes: LocalSizes,
  table: EntryTable,
  index: number,
): void {
  const mayBeEmpty = (bytes.readUInt16LE(6) & FLAG_DESCRIPTOR) !== 0;
  const differs = (local: number, central: number): boolean =>
    local !== central && !(mayBeEmpty && local === 0);

  // 14: CRC-32 of the content
  if (differs(bytes.readUInt32LE(14), table.crc(index))) {
    throw entryDamage.headersDiffer('crc');
  }

  if (differs(sizes.size, table.size(index))) {
    throw entryDamage.headersDiffer('size');
  }

  if (differs(sizes.compressed, table.compressedSize(index))) {
    throw entryDamage.headersDiffer('compressedSize');
  }
}

/** The sizes that a local header says. */
export interface LocalSizes {
  size: number;
  compressed: number;
}

/** @param header the local header with its extra fields, which begin at `extraStart` */
export function readSizes(header: Buffer, extraStart: number): LocalSizes {
  // 18: compressed size; 22: size
  const sizes = {
    compressed: header.readUInt32LE(18),
    size: header.readUInt32LE(22),
  };

  if (sizes.size !== SEE_ZIP64 && sizes.compressed !== SEE_ZIP64) return sizes;

  let at = extraStart;
  while (at + 4 <= header.length) {
    // 0: id of the field; 2: length of its data; 4: data
    const end = at + 4 + header.readUInt16LE(at + 2);

    if (header.readUInt16LE(at) === EXTRA_ZIP64) {
      putWideSizes(sizes, header.subarray(at + 4, end));
      break;
    }

    at = end;
  }

  return sizes;
}

/** The Zip64 field holds only the sizes that do not fit into 32 bits, the size first (APPNOTE 4.5.3). */
function putWideSizes(sizes: LocalSizes, field: Buffer): void {
  let at = 0;

  if (sizes.size === SEE_ZIP64 && at + 8 <= field.length) {
    sizes.size = Number(field.readBigUInt64LE(at));
    at += 8;
  }

  if (sizes.compressed === SEE_ZIP64 && at + 8 <= field.length) {
    sizes.compressed = Number(field.readBigUInt64LE(at));
  }
}

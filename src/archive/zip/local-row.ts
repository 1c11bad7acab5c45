import { type EntryRow, TimePrecision } from './entry-table.js';
import { type EntryExtras, readExtras } from './extra-fields.js';
import { readSizes } from './local-header.js';
import {
  LOCAL_FIXED_BYTES,
  LOCAL_SIGNATURE,
  METHOD_DEFLATED,
  METHOD_STORED,
} from './zip-format.js';

/** An entry as its local header alone describes it, where no central directory does. */
export interface LocalEntry {
  readonly row: EntryRow;
  /** The offset of its data, counted from the header. */
  readonly dataOffset: number;
  /** The offset in the volume at which its data end. */
  readonly dataEnd: number;
}

/** The length of the local header at the start of `bytes`, with its name and extra fields; undefined where there is none. */
export function localHeaderLengthAt(bytes: Buffer): number | undefined {
  const isHeader =
    bytes.length >= LOCAL_FIXED_BYTES &&
    bytes.readUInt32LE(0) === LOCAL_SIGNATURE;

  // 26: length of the name; 28: length of the extra fields (APPNOTE 4.3.7)
  return isHeader
    ? LOCAL_FIXED_BYTES + bytes.readUInt16LE(26) + bytes.readUInt16LE(28)
    : undefined;
}

/**
 * Reads a local header that names all of its entry: sizes and checksum stand in it, as the server and this tool write them.
 * @param bytes begin at the header and hold all of it
 * @param headerOffset its place in the volume
 * @returns undefined where it is none, or leaves something to a data descriptor
 */
export function parseLocalEntry(
  bytes: Buffer,
  headerOffset: number,
): LocalEntry | undefined {
  const dataOffset = localHeaderLengthAt(bytes);
  if (dataOffset === undefined || dataOffset > bytes.length) return undefined;

  // 6: general purpose flags; 8: compression method; 10: DOS time and date; 14: CRC-32; 26: length of the name
  const flags = bytes.readUInt16LE(6);
  const method = bytes.readUInt16LE(8);
  const nameEnd = LOCAL_FIXED_BYTES + bytes.readUInt16LE(26);
  const isKnown = method === METHOD_STORED || method === METHOD_DEFLATED;
  if (!isKnown || nameEnd === LOCAL_FIXED_BYTES) return undefined;

  const { size, compressed } = readSizes(
    bytes.subarray(0, dataOffset),
    nameEnd,
  );

  const row: EntryRow = {
    name: Buffer.from(bytes.subarray(LOCAL_FIXED_BYTES, nameEnd)),
    flags,
    method,
    crc: bytes.readUInt32LE(14),
    sizeBytes: size,
    compressedBytes: compressed,
    headerOffset,
    mode: 0,
    ...readTime(bytes.subarray(0, dataOffset), nameEnd),
  };

  return { row, dataOffset, dataEnd: headerOffset + dataOffset + compressed };
}

/** The time of damaged extra fields is that of MS-DOS. */
function readTime(
  header: Buffer,
  extraStart: number,
): Pick<EntryExtras, 'mtimeTicks' | 'precision'> {
  const dos = header.readUInt16LE(12) * 65_536 + header.readUInt16LE(10);
  const read = (end: number): EntryExtras =>
    readExtras(header, extraStart, end, dos);

  try {
    const { mtimeTicks, precision } = read(header.length);

    return { mtimeTicks, precision };
  } catch {
    const { mtimeTicks } = read(extraStart);

    return { mtimeTicks, precision: TimePrecision.dos };
  }
}

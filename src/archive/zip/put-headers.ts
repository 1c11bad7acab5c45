import { toDosTime } from './dos-time.js';
import {
  centralExtraBytes,
  LOCAL_EXTRA_BYTES,
  putNtfsTimes,
  putPiece,
  putUnixTime,
} from './extra-fields.js';
import {
  CENTRAL_FIXED_BYTES,
  CENTRAL_OFFSET_FIELD,
  CENTRAL_SIGNATURE,
  END_BYTES,
  END_SIGNATURE,
  type EntryHeader,
  FLAG_UTF8,
  LOCAL_FIXED_BYTES,
  LOCAL_SIGNATURE,
  MADE_BY_UNIX,
} from './zip-format.js';

/**
 * Laying the headers of entries into a buffer, byte for byte as every archive of this tool has them. Numbers in comments
 * are offsets from the header's start. Pure.
 */

/** 2.0: directories and deflate (APPNOTE 4.4.3.2). */
const VERSION_NEEDED = 20;
const VERSION_MADE_BY = (MADE_BY_UNIX << 8) | VERSION_NEEDED;
/** MS-DOS attribute of a directory, in the low byte of the external attributes. */
const DOS_DIRECTORY = 0x10;
const SLASH = 0x2f;

/** The number of bytes that an entry's headers take in a volume, local and central together. */
export function headerBytes(nameBytes: number, isPiece: boolean): number {
  return (
    localHeaderBytes(nameBytes) +
    CENTRAL_FIXED_BYTES +
    nameBytes +
    centralExtraBytes(isPiece)
  );
}

export function localHeaderBytes(nameBytes: number): number {
  return LOCAL_FIXED_BYTES + nameBytes + LOCAL_EXTRA_BYTES;
}

/** Lays a local file header (APPNOTE 4.3.7) at `at`; returns the position behind it. */
export function putLocalHeader(
  into: Buffer,
  at: number,
  entry: EntryHeader,
): number {
  const extraStart = at + LOCAL_FIXED_BYTES + entry.name.length;

  into.writeUInt32LE(LOCAL_SIGNATURE, at); // 0: signature
  putCommonFields(into, at + 4, entry); // 4 to 27
  into.writeUInt16LE(LOCAL_EXTRA_BYTES, at + 28); // 28: length of the extra fields
  into.set(entry.name, at + LOCAL_FIXED_BYTES); // 30: name

  return putUnixTime(into, extraStart, entry.mtimeTicks);
}

/** Lays a central directory header (APPNOTE 4.3.12) at `at`; returns the position behind it. */
export function putCentralHeader(
  into: Buffer,
  at: number,
  entry: EntryHeader,
  headerOffset: number,
): number {
  const { name, mtimeTicks, piece } = entry;
  const isDirectory = name[name.length - 1] === SLASH;
  const dosAttributes = isDirectory ? DOS_DIRECTORY : 0;
  const attributes = ((entry.mode << 16) | dosAttributes) >>> 0;

  into.writeUInt32LE(CENTRAL_SIGNATURE, at); // 0: signature
  into.writeUInt16LE(VERSION_MADE_BY, at + 4); // 4: version made by
  putCommonFields(into, at + 6, entry); // 6 to 29
  into.writeUInt16LE(centralExtraBytes(piece !== undefined), at + 30); // 30: length of the extra fields
  into.writeUInt16LE(0, at + 32); // 32: length of the comment
  into.writeUInt16LE(0, at + 34); // 34: number of the disk
  into.writeUInt16LE(0, at + 36); // 36: internal attributes
  into.writeUInt32LE(attributes, at + 38); // 38: external attributes
  into.writeUInt32LE(headerOffset, at + CENTRAL_OFFSET_FIELD); // 42: offset of the local header
  into.set(name, at + CENTRAL_FIXED_BYTES); // 46: name

  let end = at + CENTRAL_FIXED_BYTES + name.length;
  end = putUnixTime(into, end, mtimeTicks);
  end = putNtfsTimes(into, end, mtimeTicks);

  return piece ? putPiece(into, end, piece) : end;
}

/** Lays the fields that both headers share, in the same order. Offsets are those of a local header; a central one has 2 more. */
function putCommonFields(into: Buffer, at: number, entry: EntryHeader): void {
  const { time, date } = toDosTime(entry.mtimeTicks);
  const flags = isAscii(entry.name) ? 0 : FLAG_UTF8;

  into.writeUInt16LE(VERSION_NEEDED, at); // 4: version needed
  into.writeUInt16LE(flags, at + 2); // 6: general purpose flags
  into.writeUInt16LE(entry.method, at + 4); // 8: compression method
  into.writeUInt16LE(time, at + 6); // 10: modification time
  into.writeUInt16LE(date, at + 8); // 12: modification date
  into.writeUInt32LE(entry.crc, at + 10); // 14: CRC-32
  into.writeUInt32LE(entry.compressedBytes, at + 14); // 18: compressed size
  into.writeUInt32LE(entry.sizeBytes, at + 18); // 22: size
  into.writeUInt16LE(entry.name.length, at + 22); // 26: length of the name
}

function isAscii(name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at++) {
    if ((name[at] ?? 0) >= 0x80) return false;
  }

  return true;
}

/** The end of central directory record (APPNOTE 4.3.16) of a volume that is one disk and has no comment. */
export function formatEndRecord(
  entries: number,
  directoryBytes: number,
  directoryOffset: number,
): Buffer {
  const record = Buffer.alloc(END_BYTES);
  record.writeUInt32LE(END_SIGNATURE, 0); // 0: signature; 4: number of the disk; 6: disk of the central directory
  record.writeUInt16LE(entries, 8); // 8: entries on this disk
  record.writeUInt16LE(entries, 10); // 10: entries
  record.writeUInt32LE(directoryBytes, 12); // 12: size of the central directory
  record.writeUInt32LE(directoryOffset, 16); // 16: its offset; 20: length of the comment

  return record;
}

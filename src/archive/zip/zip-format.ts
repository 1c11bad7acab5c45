/**
 * The bytes of the zip format that this tool writes (PKWARE APPNOTE 6.3): no Zip64, no encryption, sizes and CRC-32 in
 * the local headers. Pure.
 */

export const LOCAL_SIGNATURE = 0x04034b50;
export const CENTRAL_SIGNATURE = 0x02014b50;
export const END_SIGNATURE = 0x06054b50;
export const LOCAL_FIXED_BYTES = 30;
/** Name and extra fields have at most 65,535 bytes each. */
export const LARGEST_LOCAL_HEADER_BYTES = LOCAL_FIXED_BYTES + 2 * 65_535;
export const CENTRAL_FIXED_BYTES = 46;
export const END_BYTES = 22;

/** 65,535 in the end record announces Zip64 (APPNOTE 4.4.1.4), so a volume ends one entry earlier. */
export const MAX_VOLUME_ENTRIES = 65_534;

/**
 * The longest central directory of a volume, and of what is read: it is held in memory whole. 65,534 names of the usual 75
 * bytes take 11 MB, and no volume of a real store has names of 2,000 bytes on average.
 */
export const MAX_DIRECTORY_BYTES = 128 << 20;

export const METHOD_STORED = 0;
export const METHOD_DEFLATED = 8;

/** General purpose flags (APPNOTE 4.4.4). */
export const FLAG_ENCRYPTED = 0x0001;
export const FLAG_DESCRIPTOR = 0x0008;
export const FLAG_UTF8 = 0x0800;

/** Extra fields: Info-ZIP's Unix time, NTFS times (APPNOTE 4.5.5), and our own for a part of a split file. */
export const EXTRA_UNIX_TIME = 0x5455;
export const EXTRA_NTFS = 0x000a;
export const EXTRA_PART = 0x4d4b;
export const EXTRA_ZIP64 = 0x0001;
export const EXTRA_UNICODE_PATH = 0x7075;

/** 100 ns ticks between 1601-01-01, where NTFS counts from, and 1970-01-01. */
export const NTFS_EPOCH_TICKS = 116_444_736_000_000_000n;

const LOCAL_EXTRA_BYTES = 9;
const CENTRAL_EXTRA_BYTES = 9 + 36;
const PART_EXTRA_BYTES = 28;
const MADE_BY_UNIX = 0x0314;
const VERSION_NEEDED = 20;

/** Which piece of a file that no volume can hold an entry is. */
export interface FilePart {
  /** From 0. */
  readonly index: number;
  readonly count: number;
  readonly offsetBytes: number;
  readonly totalBytes: number;
}

/** What the headers of one entry say. */
export interface EntryHeader {
  /** UTF-8; a directory's ends in `/`. */
  readonly name: Uint8Array;
  readonly method: number;
  readonly crc: number;
  readonly sizeBytes: number;
  readonly compressedBytes: number;
  /** 100 ns ticks since 1970-01-01 UTC. */
  readonly mtimeTicks: bigint;
  /** Unix type and permission bits. */
  readonly mode: number;
  readonly part?: FilePart | undefined;
}

/** How many bytes an entry's headers take in a volume, local and central together. */
export function headerBytes(nameBytes: number, isPart: boolean): number {
  return (
    localHeaderBytes(nameBytes) +
    CENTRAL_FIXED_BYTES +
    nameBytes +
    centralExtraBytes(isPart)
  );
}

export function localHeaderBytes(nameBytes: number): number {
  return LOCAL_FIXED_BYTES + nameBytes + LOCAL_EXTRA_BYTES;
}

function centralExtraBytes(isPart: boolean): number {
  return CENTRAL_EXTRA_BYTES + (isPart ? PART_EXTRA_BYTES : 0);
}

/** Lays a local file header (APPNOTE 4.3.7) at `at`; returns the position behind it. */
export function putLocalHeader(
  into: Buffer,
  at: number,
  entry: EntryHeader,
): number {
  into.writeUInt32LE(LOCAL_SIGNATURE, at);

  let end = putCommonFields(into, at + 4, entry);
  into.writeUInt16LE(LOCAL_EXTRA_BYTES, end);
  end += 2;
  into.set(entry.name, end);

  return putUnixTime(into, end + entry.name.length, entry.mtimeTicks);
}

/** Lays a central directory header (APPNOTE 4.3.12) at `at`; returns the position behind it. */
export function putCentralHeader(
  into: Buffer,
  at: number,
  entry: EntryHeader,
  headerOffset: number,
): number {
  into.writeUInt32LE(CENTRAL_SIGNATURE, at);
  into.writeUInt16LE(MADE_BY_UNIX, at + 4);

  let end = putCommonFields(into, at + 6, entry);
  into.writeUInt16LE(centralExtraBytes(entry.part !== undefined), end);
  into.fill(0, end + 2, end + 8); // comment length, disk number, internal attributes

  const isDirectory = entry.name[entry.name.length - 1] === 0x2f;
  into.writeUInt32LE(
    ((entry.mode << 16) | (isDirectory ? 0x10 : 0)) >>> 0,
    end + 8,
  );
  into.writeUInt32LE(headerOffset, end + 12);
  end += 16;
  into.set(entry.name, end);
  end = putUnixTime(into, end + entry.name.length, entry.mtimeTicks);
  end = putNtfsTimes(into, end, entry.mtimeTicks);

  return entry.part ? putPart(into, end, entry.part) : end;
}

/** The offset of a central header's field that says where the local header lies. */
export const CENTRAL_OFFSET_FIELD = 42;

/** The end of central directory record (APPNOTE 4.3.16). */
export function formatEndRecord(
  entries: number,
  directoryBytes: number,
  directoryOffset: number,
): Buffer {
  const record = Buffer.alloc(END_BYTES);
  record.writeUInt32LE(END_SIGNATURE, 0);
  record.writeUInt16LE(entries, 8);
  record.writeUInt16LE(entries, 10);
  record.writeUInt32LE(directoryBytes, 12);
  record.writeUInt32LE(directoryOffset, 16);

  return record;
}

/** Version needed to name length: the fields that both headers share, in the same order. */
function putCommonFields(into: Buffer, at: number, entry: EntryHeader): number {
  const { time, date } = toDosTime(entry.mtimeTicks);
  into.writeUInt16LE(VERSION_NEEDED, at);
  into.writeUInt16LE(isAscii(entry.name) ? 0 : FLAG_UTF8, at + 2);
  into.writeUInt16LE(entry.method, at + 4);
  into.writeUInt16LE(time, at + 6);
  into.writeUInt16LE(date, at + 8);
  into.writeUInt32LE(entry.crc, at + 10);
  into.writeUInt32LE(entry.compressedBytes, at + 14);
  into.writeUInt32LE(entry.sizeBytes, at + 18);
  into.writeUInt16LE(entry.name.length, at + 22);

  return at + 24;
}

function putUnixTime(into: Buffer, at: number, mtimeTicks: bigint): number {
  into.writeUInt16LE(EXTRA_UNIX_TIME, at);
  into.writeUInt16LE(5, at + 2);
  into[at + 4] = 1; // only the modification time is present

  const seconds = Math.floor(Number(mtimeTicks) / 1e7);
  into.writeInt32LE(
    Math.max(-0x80000000, Math.min(0x7fffffff, seconds)),
    at + 5,
  );

  return at + 9;
}

function putNtfsTimes(into: Buffer, at: number, mtimeTicks: bigint): number {
  into.writeUInt16LE(EXTRA_NTFS, at);
  into.writeUInt16LE(32, at + 2);
  into.writeUInt32LE(0, at + 4);
  into.writeUInt16LE(1, at + 8);
  into.writeUInt16LE(24, at + 10);

  const ticks = BigInt.asUintN(64, mtimeTicks + NTFS_EPOCH_TICKS);
  for (const offset of [12, 20, 28]) into.writeBigUInt64LE(ticks, at + offset);

  return at + 36;
}

/** The extra fields of an entry's time: Unix seconds where 32 bits hold them, and NTFS time. */
export function formatTimeFields(mtimeTicks: bigint): Buffer {
  const fields = Buffer.alloc(CENTRAL_EXTRA_BYTES);
  const seconds = Math.floor(Number(mtimeTicks) / 1e7);
  const isUnixTime = seconds >= -0x80000000 && seconds <= 0x7fffffff;
  const at = isUnixTime ? putUnixTime(fields, 0, mtimeTicks) : 0;
  return fields.subarray(0, putNtfsTimes(fields, at, mtimeTicks));
}

function putPart(into: Buffer, at: number, part: FilePart): number {
  into.writeUInt16LE(EXTRA_PART, at);
  into.writeUInt16LE(PART_EXTRA_BYTES - 4, at + 2);
  into.writeUInt32LE(part.index, at + 4);
  into.writeUInt32LE(part.count, at + 8);
  into.writeBigUInt64LE(BigInt(part.offsetBytes), at + 12);
  into.writeBigUInt64LE(BigInt(part.totalBytes), at + 20);
  return at + PART_EXTRA_BYTES;
}

function isAscii(name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at++) {
    if ((name[at] ?? 0) >= 0x80) return false;
  }

  return true;
}

/** MS-DOS date and time (APPNOTE 4.4.6): local time, two seconds fine, 1980 to 2107. */
function toDosTime(mtimeTicks: bigint): { time: number; date: number } {
  const local = new Date(Number(mtimeTicks / 10_000n));
  const year = local.getFullYear();
  if (!(year >= 1980)) return { time: 0, date: 0x21 };
  if (year > 2107) return { time: 0xbf7d, date: 0xff9f };

  return {
    time:
      (local.getHours() << 11) |
      (local.getMinutes() << 5) |
      (local.getSeconds() >> 1),
    date:
      ((year - 1980) << 9) | ((local.getMonth() + 1) << 5) | local.getDate(),
  };
}

/** The fields of MS-DOS date and time: year, month, day, hour, minute, second, local time. */
export function fromDosTime(
  date: number,
  time: number,
): [number, number, number, number, number, number] {
  const day = [(date >> 9) + 1980, (date >> 5) & 15, date & 31] as const;
  return [...day, time >> 11, (time >> 5) & 63, (time & 31) * 2];
}

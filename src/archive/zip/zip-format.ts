/**
 * The constants of the zip format (PKWARE APPNOTE 6.3), and the values of an entry's headers. This tool writes no Zip64 and
 * no encryption, and has sizes and CRC-32 in the local headers. Pure.
 */

export const LOCAL_SIGNATURE = 0x04034b50;
export const CENTRAL_SIGNATURE = 0x02014b50;
export const END_SIGNATURE = 0x06054b50;
export const LOCAL_FIXED_BYTES = 30;
export const CENTRAL_FIXED_BYTES = 46;
export const END_BYTES = 22;

/** Name and extra fields have at most 65,535 bytes each. */
export const LARGEST_LOCAL_HEADER_BYTES = LOCAL_FIXED_BYTES + 2 * 65_535;

/** 65,535 in the end record announces Zip64 (APPNOTE 4.4.1.4), so a volume ends one entry earlier. */
export const MAX_VOLUME_ENTRIES = 65_534;

/**
 * The longest central directory of a volume, and of what is read: it is held in memory whole. 65,534 names of the usual 75
 * bytes take 11 MB, and no volume of a real store has names of 2,000 bytes on average.
 */
export const MAX_CENTRAL_DIRECTORY_BYTES = 128 << 20;

/** Compression methods (APPNOTE 4.4.5). */
export const METHOD_STORED = 0;
export const METHOD_DEFLATED = 8;

/** General purpose flags (APPNOTE 4.4.4). */
export const FLAG_ENCRYPTED = 0x0001;
export const FLAG_DESCRIPTOR = 0x0008;
export const FLAG_UTF8 = 0x0800;

/** "Version made by", upper byte: the system whose modes the external attributes hold (APPNOTE 4.4.2.2). */
export const MADE_BY_UNIX = 3;

/** The offset of a central header's field that says where the local header lies. */
export const CENTRAL_OFFSET_FIELD = 42;

/** The offsets of the fields of a central header (APPNOTE 4.3.12). */
export const CENTRAL = {
  signature: 0,
  versionMadeBy: 4,
  flags: 8,
  method: 10,
  time: 12,
  date: 14,
  crc: 16,
  compressedSize: 20,
  size: 24,
  nameLength: 28,
  extraLength: 30,
  commentLength: 32,
  disk: 34,
  externalAttributes: 38,
  headerOffset: CENTRAL_OFFSET_FIELD,
} as const;

/** 100 ns ticks between 1601-01-01, where NTFS counts from, and 1970-01-01. */
export const NTFS_EPOCH_TICKS = 116_444_736_000_000_000n;

/** One piece of a file that no volume can hold. */
export interface FilePiece {
  /** From 0. */
  readonly index: number;
  readonly count: number;
  readonly offsetBytes: number;
  readonly totalBytes: number;
}

/** The values of the headers of one entry. */
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
  readonly piece?: FilePiece | undefined;
}

import type { FilePiece } from './zip-format.js';

/** The fields of entries as columns. */

/** The precision of an entry's time: DOS (two seconds, local time), Unix seconds, or NTFS (100 ns). */
export const TimePrecision = { dos: 0, second: 1, tick: 2 } as const;
export type TimePrecision = (typeof TimePrecision)[keyof typeof TimePrecision];

/** The columns of an entry table: plain data that threads can hand to each other. */
export interface EntryColumns {
  readonly count: number;
  /** Bytes that hold the names in UTF-8, perhaps among others: a central directory as it was read. */
  readonly nameBytes: Uint8Array;
  /** The offset of each name in `nameBytes`. */
  readonly nameStarts: Uint32Array;
  readonly nameLengths: Uint16Array;
  /** The names as the file has them, where that is not UTF-8 (code page 437). */
  readonly rawNames: ReadonlyMap<number, Uint8Array>;
  readonly flags: Uint16Array;
  readonly methods: Uint16Array;
  readonly crcs: Uint32Array;
  readonly sizes: Float64Array;
  readonly compressedSizes: Float64Array;
  readonly headerOffsets: Float64Array;
  /** The offset of the next entry or of the central directory. */
  readonly extentEnds: Float64Array;
  /** Unix type and permissions; 0 where the archive does not say. */
  readonly modes: Uint16Array;
  /** 100 ns ticks since 1601-01-01 UTC, as NTFS and the extra field have them. */
  readonly mtimes: BigInt64Array;
  readonly precisions: Uint8Array;
  readonly pieces: ReadonlyMap<number, FilePiece>;
  /** Where data begin whose local header is damaged, counted from the header's place. */
  readonly dataOffsets: ReadonlyMap<number, number>;
}

/** One entry on its way into a table. */
export interface EntryRow {
  readonly name: Uint8Array;
  readonly rawName?: Uint8Array | undefined;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly sizeBytes: number;
  readonly compressedBytes: number;
  readonly headerOffset: number;
  readonly mode: number;
  readonly mtimeTicks: bigint;
  readonly precision: TimePrecision;
  readonly piece?: FilePiece | undefined;
  /** See `EntryTable.dataOffset`. */
  readonly dataOffset?: number | undefined;
}

/** Columns for that many entries, to be filled. */
export function makeColumns(
  capacity: number,
  nameBytes: Uint8Array,
): EntryColumns {
  return {
    count: capacity,
    nameBytes,
    nameStarts: new Uint32Array(capacity),
    nameLengths: new Uint16Array(capacity),
    rawNames: new Map<number, Uint8Array>(),
    pieces: new Map<number, FilePiece>(),
    dataOffsets: new Map<number, number>(),
    flags: new Uint16Array(capacity),
    methods: new Uint16Array(capacity),
    crcs: new Uint32Array(capacity),
    sizes: new Float64Array(capacity),
    compressedSizes: new Float64Array(capacity),
    headerOffsets: new Float64Array(capacity),
    extentEnds: new Float64Array(capacity),
    modes: new Uint16Array(capacity),
    mtimes: new BigInt64Array(capacity),
    precisions: new Uint8Array(capacity),
  };
}

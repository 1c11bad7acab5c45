import { type FilePiece, NTFS_EPOCH_TICKS } from './zip-format.js';

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
}

/** The entries of one volume in the order of its central directory, a million of them in little memory. */
export abstract class EntryTable {
  constructor(
    readonly count: number,
    /** Bytes that hold the names in UTF-8, among others; `nameStart` and `nameLength` say where. */
    readonly names: Buffer,
  ) {}

  /** For loops that must not make an object an entry. */
  abstract nameStart(index: number): number;
  abstract nameLength(index: number): number;
  abstract size(index: number): number;
  abstract compressedSize(index: number): number;
  abstract headerOffset(index: number): number;
  /** The offset of the next entry or of the central directory. */
  abstract extentEnd(index: number): number;
  abstract setExtentEnd(index: number, end: number): void;
  abstract crc(index: number): number;
  abstract flags(index: number): number;
  abstract method(index: number): number;
  /** Unix type and permissions; 0 where the archive does not say. */
  abstract mode(index: number): number;
  /** 100 ns ticks since 1970-01-01 UTC. */
  abstract mtimeTicks(index: number): bigint;
  abstract precision(index: number): TimePrecision;
  abstract piece(index: number): FilePiece | undefined;
  /** The name's bytes as the zip file has them, where that is not UTF-8 (code page 437). */
  abstract rawNameOf(index: number): Uint8Array | undefined;

  name(index: number): string {
    const start = this.nameStart(index);
    return this.names.toString('utf8', start, start + this.nameLength(index));
  }

  /** The name without its first bytes: what is left of it in a directory. */
  nameAfter(index: number, skipBytes: number): string {
    const start = this.nameStart(index);
    return this.names.toString(
      'utf8',
      start + skipBytes,
      start + this.nameLength(index),
    );
  }

  /** The name's UTF-8 bytes, not copied. */
  nameBytes(index: number): Buffer {
    const start = this.nameStart(index);
    return this.names.subarray(start, start + this.nameLength(index));
  }

  /** The name's bytes as the zip file has them. */
  rawName(index: number): Uint8Array {
    return this.rawNameOf(index) ?? this.nameBytes(index);
  }

  rawNameLength(index: number): number {
    return this.rawNameOf(index)?.length ?? this.nameLength(index);
  }

  /** A directory's name ends in `/`. */
  isDirectory(index: number): boolean {
    return (
      this.names[this.nameStart(index) + this.nameLength(index) - 1] === 0x2f
    );
  }

  /** A table of some of the entries, in the given order, to hand to another thread. */
  gather(indices: ArrayLike<number> & Iterable<number>): ColumnTable {
    const builder = new EntryTableBuilder(indices.length, indices.length * 64);
    for (const index of indices) {
      builder.add({
        name: this.nameBytes(index),
        rawName: this.rawNameOf(index),
        flags: this.flags(index),
        method: this.method(index),
        crc: this.crc(index),
        sizeBytes: this.size(index),
        compressedBytes: this.compressedSize(index),
        headerOffset: this.headerOffset(index),
        mode: this.mode(index),
        mtimeTicks: this.mtimeTicks(index),
        precision: this.precision(index),
        piece: this.piece(index),
      });
      builder.setExtentEnd(builder.count - 1, this.extentEnd(index));
    }

    return builder.build();
  }
}

/** A table over columns, which threads can hand to each other. */
export class ColumnTable extends EntryTable {
  constructor(readonly columns: EntryColumns) {
    const { buffer, byteOffset, byteLength } = columns.nameBytes;
    super(columns.count, Buffer.from(buffer, byteOffset, byteLength));
  }

  nameStart(index: number): number {
    return at(this.columns.nameStarts, index);
  }

  nameLength(index: number): number {
    return at(this.columns.nameLengths, index);
  }

  rawNameOf(index: number): Uint8Array | undefined {
    return this.columns.rawNames.get(index);
  }

  size(index: number): number {
    return at(this.columns.sizes, index);
  }

  compressedSize(index: number): number {
    return at(this.columns.compressedSizes, index);
  }

  headerOffset(index: number): number {
    return at(this.columns.headerOffsets, index);
  }

  extentEnd(index: number): number {
    return at(this.columns.extentEnds, index);
  }

  setExtentEnd(index: number, end: number): void {
    this.columns.extentEnds[index] = end;
  }

  crc(index: number): number {
    return at(this.columns.crcs, index);
  }

  flags(index: number): number {
    return at(this.columns.flags, index);
  }

  method(index: number): number {
    return at(this.columns.methods, index);
  }

  mode(index: number): number {
    return at(this.columns.modes, index);
  }

  mtimeTicks(index: number): bigint {
    return (this.columns.mtimes[index] ?? 0n) - NTFS_EPOCH_TICKS;
  }

  precision(index: number): TimePrecision {
    return at(this.columns.precisions, index) as TimePrecision;
  }

  piece(index: number): FilePiece | undefined {
    return this.columns.pieces.get(index);
  }
}

function at(
  column: { readonly [index: number]: number },
  index: number,
): number {
  return column[index] ?? 0;
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
}

/** Columns for that many entries, to be filled. */
function makeColumns(capacity: number, nameBytes: Uint8Array): EntryColumns {
  return {
    count: capacity,
    nameBytes,
    nameStarts: new Uint32Array(capacity),
    nameLengths: new Uint16Array(capacity),
    rawNames: new Map<number, Uint8Array>(),
    pieces: new Map<number, FilePiece>(),
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

/** Fills a table row by row. */
export class EntryTableBuilder {
  #count = 0;
  #names: Buffer;
  #namesEnd = 0;
  readonly #rawNames = new Map<number, Uint8Array>();
  readonly #pieces = new Map<number, FilePiece>();
  readonly #columns: EntryColumns;

  constructor(
    private readonly capacity: number,
    nameBytes: number,
  ) {
    this.#names = Buffer.allocUnsafeSlow(Math.max(256, nameBytes));
    this.#columns = makeColumns(capacity, this.#names);
  }

  get count(): number {
    return this.#count;
  }

  add(row: EntryRow): void {
    const index = this.#count++;
    if (index >= this.capacity) {
      throw new Error('more entries than were announced');
    }

    const columns = this.#columns;
    if (this.#namesEnd + row.name.length > this.#names.length) {
      this.#growNames(row.name.length);
    }

    this.#names.set(row.name, this.#namesEnd);
    columns.nameStarts[index] = this.#namesEnd;
    columns.nameLengths[index] = row.name.length;
    this.#namesEnd += row.name.length;
    columns.flags[index] = row.flags;
    columns.methods[index] = row.method;
    columns.crcs[index] = row.crc;
    columns.sizes[index] = row.sizeBytes;
    columns.compressedSizes[index] = row.compressedBytes;
    columns.headerOffsets[index] = row.headerOffset;
    columns.modes[index] = row.mode;
    columns.mtimes[index] = row.mtimeTicks + NTFS_EPOCH_TICKS;
    columns.precisions[index] = row.precision;
    if (row.rawName) this.#rawNames.set(index, row.rawName);
    if (row.piece) this.#pieces.set(index, row.piece);
  }

  setExtentEnd(index: number, end: number): void {
    this.#columns.extentEnds[index] = end;
  }

  build(): ColumnTable {
    return new ColumnTable({
      ...this.#columns,
      count: this.#count,
      nameBytes: Uint8Array.prototype.slice.call(
        this.#names,
        0,
        this.#namesEnd,
      ),
      rawNames: this.#rawNames,
      pieces: this.#pieces,
    });
  }

  #growNames(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(this.#names.length * 2 + needed);
    this.#names.copy(larger, 0, 0, this.#namesEnd);
    this.#names = larger;
  }
}

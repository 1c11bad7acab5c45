import {
  type EntryColumns,
  type EntryRow,
  makeColumns,
  type TimePrecision,
} from './entry-columns.js';
import { type FilePiece, NTFS_EPOCH_TICKS } from './zip-format.js';

export {
  type EntryColumns,
  type EntryRow,
  TimePrecision,
} from './entry-columns.js';

/** The entries of one volume in the order of its central directory, a million of them in little memory. */
export abstract class EntryTable {
  constructor(readonly count: number) {}

  /** Gives back memory where the entries can be read again. @returns the bytes that nobody needs any more */
  release(): number {
    return 0;
  }

  /** Bytes that hold the names in UTF-8, among others; `nameStart` and `nameLength` say where. */
  abstract readonly names: Buffer;

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

  /**
   * Where an entry's data begin, counted from its header's place, where a salvage has found them by their checksum: the local
   * header is not asked then. Undefined for all others.
   */
  abstract dataOffset(index: number): number | undefined;

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
  gather(indices: Iterable<number> & { readonly length: number }): ColumnTable {
    const builder = new EntryTableBuilder(indices.length, indices.length * 64);
    for (const index of indices) {
      builder.add(this.rowAt(index));
      builder.setExtentEnd(builder.count - 1, this.extentEnd(index));
    }

    return builder.build();
  }

  /** One entry, to be put into another table. */
  rowAt(index: number): EntryRow {
    return {
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
      dataOffset: this.dataOffset(index),
    };
  }
}

/** A table over columns, which threads can hand to each other. */
export class ColumnTable extends EntryTable {
  readonly names: Buffer;

  constructor(readonly columns: EntryColumns) {
    super(columns.count);

    const { buffer, byteOffset, byteLength } = columns.nameBytes;
    this.names = Buffer.from(buffer, byteOffset, byteLength);
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

  dataOffset(index: number): number | undefined {
    return this.columns.dataOffsets.get(index);
  }
}

function at(
  column: { readonly [index: number]: number },
  index: number,
): number {
  return column[index] ?? 0;
}

/** Fills a table row by row. */
export class EntryTableBuilder {
  #count = 0;
  #names: Buffer;
  #namesEnd = 0;
  readonly #rawNames = new Map<number, Uint8Array>();
  readonly #pieces = new Map<number, FilePiece>();
  readonly #dataOffsets = new Map<number, number>();
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
    if (row.dataOffset !== undefined) {
      this.#dataOffsets.set(index, row.dataOffset);
    }
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
      dataOffsets: this.#dataOffsets,
    });
  }

  #growNames(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(this.#names.length * 2 + needed);
    this.#names.copy(larger, 0, 0, this.#namesEnd);
    this.#names = larger;
  }
}

import { EntryTable, type TimePrecision } from './entry-table.js';
import type { FilePiece } from './zip-format.js';

/** The central directories that a thread holds in memory at one time: those of 200,000 messages, so that they are read once. */
const HELD_BYTES = 40 << 20;

/** The tables that are held, in the order in which they were read. */
const held: WindowTable[] = [];

/**
 * The entries of a volume that are read again when they are asked for and are not in memory: whoever goes through the volumes of an
 * archive one after the other needs the memory of a few of them. What was taken from it stays as it was: memory is never used again.
 */
export class WindowTable extends EntryTable {
  #table: EntryTable | undefined;
  readonly #bytes: number;

  /**
   * @param table the entries as they were read first
   * @param readAgain gives the same entries again, or throws
   */
  constructor(
    table: EntryTable,
    private readonly readAgain: () => EntryTable,
  ) {
    super(table.count);
    this.#bytes = table.names.length;
    this.#hold(table);
  }

  get names(): Buffer {
    return this.#held.names;
  }

  nameStart(index: number): number {
    return this.#held.nameStart(index);
  }

  nameLength(index: number): number {
    return this.#held.nameLength(index);
  }

  size(index: number): number {
    return this.#held.size(index);
  }

  compressedSize(index: number): number {
    return this.#held.compressedSize(index);
  }

  headerOffset(index: number): number {
    return this.#held.headerOffset(index);
  }

  extentEnd(index: number): number {
    return this.#held.extentEnd(index);
  }

  setExtentEnd(): never {
    throw new Error('the extents of a volume are those that it was read with');
  }

  crc(index: number): number {
    return this.#held.crc(index);
  }

  flags(index: number): number {
    return this.#held.flags(index);
  }

  method(index: number): number {
    return this.#held.method(index);
  }

  mode(index: number): number {
    return this.#held.mode(index);
  }

  mtimeTicks(index: number): bigint {
    return this.#held.mtimeTicks(index);
  }

  precision(index: number): TimePrecision {
    return this.#held.precision(index);
  }

  piece(index: number): FilePiece | undefined {
    return this.#held.piece(index);
  }

  rawNameOf(index: number): Uint8Array | undefined {
    return this.#held.rawNameOf(index);
  }

  dataOffset(index: number): number | undefined {
    return this.#held.dataOffset(index);
  }

  get #held(): EntryTable {
    return this.#table ?? this.#hold(this.readAgain());
  }

  #hold(table: EntryTable): EntryTable {
    this.#table = table;
    held.push(this);

    let bytes = held.reduce((sum, one) => sum + one.#bytes, 0);
    while (bytes > HELD_BYTES && held.length > 1) {
      const oldest = held.shift();
      if (!oldest) break;

      oldest.#table = undefined;
      bytes -= oldest.#bytes;
    }

    return table;
  }
}

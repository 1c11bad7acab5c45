import {
  type ColumnTable,
  EntryTable,
  type TimePrecision,
} from './entry-table.js';
import type { FilePiece } from './zip-format.js';

/** The central directories that a thread holds in memory at one time: those of 200,000 messages, so that they are read once. */
const HELD_BYTES = 40 << 20;

/** The volumes of a full and its differential are read in turn: those that were used last stay, whatever their size. */
const ALWAYS_HELD = 2;

/** The tables that are held, the one that was used last at the end. */
const held: WindowTable[] = [];
let lastUsed: EntryTable | undefined;

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
    // A new archive needs the room of the one before it.
    makeRoom(() => 0);
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

  /** By the table itself: its rows are asked for field by field. */
  override gather(
    indices: Iterable<number> & { readonly length: number },
  ): ColumnTable {
    return this.#held.gather(indices);
  }

  override release(): number {
    if (!this.#table) return 0;

    held.splice(held.indexOf(this), 1);
    this.letGo();

    return this.#bytes;
  }

  /** Keeps them in memory for whoever has what is returned. */
  get whole(): EntryTable {
    return this.#held;
  }

  get #held(): EntryTable {
    const table = this.#table;

    return table && table === lastUsed ? table : this.#use();
  }

  #use(): EntryTable {
    if (this.#table) return this.#hold(this.#table);

    const table = this.#hold(this.readAgain());
    // Whoever goes through all volumes begins with the first again: those that were used long ago stay.
    makeRoom((count) => count - ALWAYS_HELD - 1);

    return table;
  }

  #hold(table: EntryTable): EntryTable {
    const place = held.indexOf(this);
    if (place >= 0) held.splice(place, 1);

    held.push(this);
    lastUsed = table;
    this.#table = table;

    return table;
  }

  get heldBytes(): number {
    return this.#bytes;
  }

  letGo(): void {
    if (lastUsed === this.#table) lastUsed = undefined;
    this.#table = undefined;
  }
}

/** The table in memory, for as long as it is needed, whoever asks for others meanwhile. */
export function inMemory(table: EntryTable): EntryTable {
  return table instanceof WindowTable ? table.whole : table;
}

/** @param placeOf the place of the table that goes next, among so many */
function makeRoom(placeOf: (count: number) => number): void {
  let bytes = held.reduce((sum, { heldBytes }) => sum + heldBytes, 0);

  while (bytes > HELD_BYTES && held.length > ALWAYS_HELD) {
    for (const table of held.splice(placeOf(held.length), 1)) {
      table.letGo();
      bytes -= table.heldBytes;
    }
  }
}

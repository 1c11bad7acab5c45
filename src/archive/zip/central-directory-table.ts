import { EntryTable, TimePrecision } from './entry-table.js';
import {
  isOwnExtra,
  isOwnTime,
  readExtras,
  readOwnTime,
} from './extra-fields.js';
import {
  CENTRAL,
  CENTRAL_FIXED_BYTES,
  type FilePiece,
  MADE_BY_UNIX,
} from './zip-format.js';

/**
 * A table over a plain central directory as it was read: a field is looked up when it is asked for, so that opening an
 * archive of a million entries costs a walk over their names, and one folder of it little more.
 */
export class CentralDirectoryTable extends EntryTable {
  readonly #view: DataView;
  readonly #nameStarts: Uint32Array;
  /** Without Zip64 no offset needs more. */
  readonly extentEnds: Uint32Array;

  /**
   * @param names the directory
   * @param nameStarts where the names begin in the directory: each right behind its header's fixed part
   */
  constructor(
    readonly names: Buffer,
    nameStarts: Uint32Array,
    readonly pieces: ReadonlyMap<number, FilePiece>,
  ) {
    super(nameStarts.length);
    this.#view = new DataView(names.buffer, names.byteOffset, names.byteLength);
    this.#nameStarts = nameStarts;
    this.extentEnds = new Uint32Array(nameStarts.length);
  }

  nameStart(index: number): number {
    return this.#nameStarts[index] ?? 0;
  }

  nameLength(index: number): number {
    return this.#view.getUint16(this.#header(index) + CENTRAL.nameLength, true);
  }

  rawNameOf(): undefined {
    return undefined;
  }

  dataOffset(): undefined {
    return undefined;
  }

  flags(index: number): number {
    return this.#view.getUint16(this.#header(index) + CENTRAL.flags, true);
  }

  method(index: number): number {
    return this.#view.getUint16(this.#header(index) + CENTRAL.method, true);
  }

  crc(index: number): number {
    return this.#view.getUint32(this.#header(index) + CENTRAL.crc, true);
  }

  compressedSize(index: number): number {
    return this.#view.getUint32(
      this.#header(index) + CENTRAL.compressedSize,
      true,
    );
  }

  size(index: number): number {
    return this.#view.getUint32(this.#header(index) + CENTRAL.size, true);
  }

  mode(index: number): number {
    const header = this.#header(index);
    // 5: the system; 40: its mode, the upper half of the external attributes
    const system = this.#view.getUint8(header + CENTRAL.versionMadeBy + 1);

    return system === MADE_BY_UNIX
      ? this.#view.getUint16(header + CENTRAL.externalAttributes + 2, true)
      : 0;
  }

  headerOffset(index: number): number {
    return this.#view.getUint32(
      this.#header(index) + CENTRAL.headerOffset,
      true,
    );
  }

  extentEnd(index: number): number {
    return this.extentEnds[index] ?? 0;
  }

  setExtentEnd(index: number, end: number): void {
    this.extentEnds[index] = end;
  }

  mtimeTicks(index: number): bigint {
    const { start, end } = this.#extras(index);
    if (isOwnExtra(this.#view, start, end)) {
      return readOwnTime(this.#view, start);
    }

    return this.#readExtras(index).mtimeTicks;
  }

  /**
   * Says whether an entry has this time, in the extra fields of this program: no BigInt is made.
   * @param low the lower half of the ticks of 100 ns since 1601-01-01 UTC @param high the upper one
   */
  hasOwnTime(index: number, low: number, high: number): boolean {
    const { start, end } = this.#extras(index);

    return (
      isOwnExtra(this.#view, start, end) &&
      isOwnTime(this.#view, start, low, high)
    );
  }

  precision(index: number): TimePrecision {
    const { start, end } = this.#extras(index);
    return isOwnExtra(this.#view, start, end)
      ? TimePrecision.tick
      : this.#readExtras(index).precision;
  }

  piece(index: number): FilePiece | undefined {
    return this.pieces.size === 0 ? undefined : this.pieces.get(index);
  }

  #header(index: number): number {
    return (this.#nameStarts[index] ?? 0) - CENTRAL_FIXED_BYTES;
  }

  #extras(index: number): { start: number; end: number } {
    const start = this.nameStart(index) + this.nameLength(index);
    return {
      start,
      end:
        start +
        this.#view.getUint16(this.#header(index) + CENTRAL.extraLength, true),
    };
  }

  #readExtras(index: number): ReturnType<typeof readExtras> {
    const { start, end } = this.#extras(index);
    const header = this.#header(index);
    const dos =
      this.#view.getUint16(header + CENTRAL.date, true) * 65_536 +
      this.#view.getUint16(header + CENTRAL.time, true);
    return readExtras(this.names, start, end, dos);
  }
}

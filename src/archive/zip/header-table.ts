import { EntryTable, TimePrecision } from './entry-table.js';
import { readExtras } from './extra-fields.js';
import {
  CENTRAL_FIXED_BYTES,
  CENTRAL_OFFSET_FIELD,
  EXTRA_NTFS,
  EXTRA_UNIX_TIME,
  type FilePart,
  NTFS_EPOCH_TICKS,
} from './zip-format.js';

/** "Version made by", upper byte (APPNOTE 4.4.2.2). */
const MADE_BY_UNIX = 3;

/**
 * A table over a plain central directory as it was read (APPNOTE 4.3.12): a field is looked up when it is asked for, so that
 * opening an archive of a million entries costs a walk over their names, and one folder of it little more.
 */
export class DirectoryTable extends EntryTable {
  readonly #view: DataView;
  readonly #nameStarts: Uint32Array;
  /** Without Zip64 no offset needs more. */
  readonly #extentEnds: Uint32Array;
  readonly #parts: ReadonlyMap<number, FilePart>;

  /** @param nameStarts where the names begin in the directory: each right behind its header's fixed part */
  constructor(
    directory: Buffer,
    nameStarts: Uint32Array,
    parts: ReadonlyMap<number, FilePart>,
  ) {
    super(nameStarts.length, directory);
    this.#view = new DataView(
      directory.buffer,
      directory.byteOffset,
      directory.byteLength,
    );
    this.#nameStarts = nameStarts;
    this.#extentEnds = new Uint32Array(nameStarts.length);
    this.#parts = parts;
  }

  nameStart(index: number): number {
    return this.#nameStarts[index] ?? 0;
  }

  nameLength(index: number): number {
    return this.#view.getUint16(this.#header(index) + 28, true);
  }

  rawNameOf(): undefined {
    return undefined;
  }

  flags(index: number): number {
    return this.#view.getUint16(this.#header(index) + 8, true);
  }

  method(index: number): number {
    return this.#view.getUint16(this.#header(index) + 10, true);
  }

  crc(index: number): number {
    return this.#view.getUint32(this.#header(index) + 16, true);
  }

  compressedSize(index: number): number {
    return this.#view.getUint32(this.#header(index) + 20, true);
  }

  size(index: number): number {
    return this.#view.getUint32(this.#header(index) + 24, true);
  }

  mode(index: number): number {
    const header = this.#header(index);
    return this.#view.getUint8(header + 5) === MADE_BY_UNIX
      ? this.#view.getUint16(header + 40, true)
      : 0;
  }

  headerOffset(index: number): number {
    return this.#view.getUint32(
      this.#header(index) + CENTRAL_OFFSET_FIELD,
      true,
    );
  }

  extentEnd(index: number): number {
    return this.#extentEnds[index] ?? 0;
  }

  setExtentEnd(index: number, end: number): void {
    this.#extentEnds[index] = end;
  }

  mtimeTicks(index: number): bigint {
    const { start, end } = this.#extras(index);
    if (isOwnExtra(this.#view, start, end)) {
      return this.#view.getBigInt64(start + 21, true) - NTFS_EPOCH_TICKS;
    }

    return this.#readExtras(index).mtimeTicks;
  }

  precision(index: number): TimePrecision {
    const { start, end } = this.#extras(index);
    return isOwnExtra(this.#view, start, end)
      ? TimePrecision.tick
      : this.#readExtras(index).precision;
  }

  part(index: number): FilePart | undefined {
    return this.#parts.size === 0 ? undefined : this.#parts.get(index);
  }

  #header(index: number): number {
    return (this.#nameStarts[index] ?? 0) - CENTRAL_FIXED_BYTES;
  }

  #extras(index: number): { start: number; end: number } {
    const start = this.nameStart(index) + this.nameLength(index);
    return {
      start,
      end: start + this.#view.getUint16(this.#header(index) + 30, true),
    };
  }

  #readExtras(index: number): ReturnType<typeof readExtras> {
    const { start, end } = this.#extras(index);
    const header = this.#header(index);
    const dos =
      this.#view.getUint16(header + 14, true) * 65_536 +
      this.#view.getUint16(header + 12, true);
    return readExtras(this.names, start, end, dos);
  }
}

/** The two extra fields that this tool writes, in its order: read without making an object. */
export function isOwnExtra(
  view: DataView,
  start: number,
  end: number,
): boolean {
  return (
    end - start === 45 &&
    view.getUint16(start, true) === EXTRA_UNIX_TIME &&
    view.getUint16(start + 9, true) === EXTRA_NTFS
  );
}

import { DamagedArchiveError } from '../errors.js';
import type { VolumeFileInfo } from '../archive/backup-directory.js';
import { VolumeHandle } from '../archive/volume-handle.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import {
  findCentralDirectory,
  parsePlainCentralDirectory,
} from '../archive/zip/plain-central-directory.js';
import type { RandomAccessSource } from '../archive/zip/source.js';

/** Reading some records of a full again, after all of them were looked through once. */

/** Records next to each other in one volume. */
export interface RecordRange {
  /** The number of the first record in the volume. */
  readonly first: number;
  readonly count: number;
  /** Where the first one begins in the central directory, and where the last one ends. */
  readonly startByte: number;
  readonly endByte: number;
}

/** Directories come in the order in which they lie in the full: one read serves many of them. */
const WINDOW_BYTES = 256 << 10;

/** A piece of a central directory in memory. */
interface Window {
  readonly file: VolumeFileInfo;
  readonly startByte: number;
  readonly bytes: Buffer;
}

type Place = Awaited<ReturnType<typeof findCentralDirectory>>;

/** Keeps one volume open and one window of its central directory in memory. */
export class RecordReader {
  readonly #handle = new VolumeHandle();
  /** The central directory of the volume that is open. */
  #found:
    { readonly source: RandomAccessSource; readonly place: Place } | undefined;
  #window: Window | undefined;

  /**
   * The records of a range, as a table of their own.
   * @throws {DamagedArchiveError} when they are not there any more · {Error} the operating system's
   */
  async read(file: VolumeFileInfo, range: RecordRange): Promise<EntryTable> {
    const { startByte, endByte, count } = range;

    if (!holds(this.#window, file, range)) {
      this.#window = await this.#readWindow(file, range);
    }

    const { bytes, startByte: from } = this.#window;
    const table = parsePlainCentralDirectory({
      bytes: bytes.subarray(startByte - from, endByte - from),
      entries: count,
    });
    if (!table) throw changed(file);

    return table;
  }

  close(): void {
    this.#handle.close();
    this.#found = undefined;
    this.#window = undefined;
  }

  async #readWindow(
    file: VolumeFileInfo,
    { startByte, endByte }: RecordRange,
  ): Promise<Window> {
    const source = await this.#handle.open(file);
    const place = await this.#find(source);
    if (!place || endByte > place.length) throw changed(file);

    const wanted = Math.max(WINDOW_BYTES, endByte - startByte);
    const length = Math.min(wanted, place.length - startByte);
    const bytes = Buffer.allocUnsafeSlow(length);

    source.readInto(bytes, place.offset + startByte);

    return {
      file,
      startByte,
      bytes,
    };
  }

  async #find(source: RandomAccessSource): Promise<Place> {
    if (this.#found?.source !== source) {
      this.#found = { source, place: await findCentralDirectory(source) };
    }

    return this.#found.place;
  }
}

function holds(
  window: Window | undefined,
  file: VolumeFileInfo,
  { startByte, endByte }: RecordRange,
): window is Window {
  return (
    window?.file === file &&
    startByte >= window.startByte &&
    endByte <= window.startByte + window.bytes.length
  );
}

function changed(file: VolumeFileInfo): DamagedArchiveError {
  return new DamagedArchiveError(`${file.name} changed while it was read`);
}

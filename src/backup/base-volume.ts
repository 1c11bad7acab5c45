import { DamagedArchiveError } from '../errors.js';
import {
  openVolumeFile,
  type VolumeFileInfo,
} from '../archive/backup-directory.js';
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

/** The volume that is open, and its central directory. */
interface OpenedVolume {
  readonly file: VolumeFileInfo;
  readonly source: RandomAccessSource;
  readonly place: Awaited<ReturnType<typeof findCentralDirectory>>;
}

/** Keeps one volume open and one window of its central directory in memory. */
export class RecordReader {
  #opened: OpenedVolume | undefined;
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
    this.#opened?.source.close();
    this.#opened = undefined;
    this.#window = undefined;
  }

  async #readWindow(
    file: VolumeFileInfo,
    { startByte, endByte }: RecordRange,
  ): Promise<Window> {
    const { source, place } = await this.#open(file);
    if (!place || endByte > place.length) throw changed(file);

    const wanted = Math.max(WINDOW_BYTES, endByte - startByte);
    const length = Math.min(wanted, place.length - startByte);
    const bytes = await source.read(place.offset + startByte, length);

    return {
      file,
      startByte,
      bytes,
    };
  }

  async #open(file: VolumeFileInfo): Promise<OpenedVolume> {
    if (this.#opened?.file !== file) {
      this.close();
      const source = await openVolumeFile(file);
      this.#opened = { file, source, place: undefined };
      this.#opened = {
        file,
        source,
        place: await findCentralDirectory(source),
      };
    }

    return this.#opened;
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

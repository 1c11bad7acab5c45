import type { VolumeFileInfo } from '../archive/backup-directory.js';
import { wholeSize } from '../archive/entry-kind.js';
import {
  type DirectoryRun,
  directoryRuns,
} from '../archive/zip/directory-runs.js';
import { CentralDirectoryTable } from '../archive/zip/central-directory-table.js';
import type { EntryTable, TimePrecision } from '../archive/zip/entry-table.js';
import { CENTRAL_FIXED_BYTES } from '../archive/zip/zip-format.js';
import { ticksOfMs } from '../platform/file-times.js';
import { BaseFiles, type BaseRun } from './base-files.js';
import { type RecordRange, RecordReader } from './base-volume.js';
import type { RecordSet } from './record-set.js';

/** The facts of an entry by which a file or directory is recognised. */
export interface EntryStamp {
  readonly sizeBytes: number;
  readonly mtimeTicks: bigint;
  readonly precision: TimePrecision;
  readonly mode: number;
}

/** A directory's own entry. */
interface OwnEntry extends EntryStamp {
  readonly record: number;
}

/** What a full knows of a directory. */
interface BaseDirectory {
  own: OwnEntry | undefined;
  /** The ranges of records that hold its files, the last one first. */
  files: FileRange | undefined;
}

interface FileRange extends RecordRange {
  readonly volume: number;
  readonly before: FileRange | undefined;
}

interface BaseVolume {
  readonly file: VolumeFileInfo | undefined;
  /** Stays in memory where its records cannot be read one range at a time. */
  readonly table: EntryTable | undefined;
  /** The record of its first entry. */
  readonly record: number;
}

/**
 * The directories of a full, and where in its central directories the files of each stand: the files are read when their
 * directory is compared. A record is an entry's number, counted through all volumes from 0 on; of a file in pieces it is that
 * of the first piece.
 */
export class BaseIndex {
  readonly #directories = new Map<string, BaseDirectory>();
  readonly #volumes: BaseVolume[] = [];
  readonly #reader = new RecordReader();
  #size = 0;
  #nameBytes = 0;
  /** The files that were asked for last. */
  #recent: BaseFiles | undefined;
  /** When the full began. */
  readonly takenAtTicks: bigint;

  constructor(takenAt: Date) {
    this.takenAtTicks = ticksOfMs(takenAt.getTime());
  }

  /** The number of records. */
  get size(): number {
    return this.#size;
  }

  /** The length of all names, each on a line of its own. */
  get nameTotals(): { readonly bytes: number; readonly lines: number } {
    return { bytes: this.#nameBytes + this.#size, lines: this.#size };
  }

  /** The entry names of all directories, with `/`. */
  get prefixes(): Iterable<string> {
    return this.#directories.keys();
  }

  /**
   * Takes the entries of the next volume. A plain table is good for this call alone where a file is given.
   * @param file undefined where its table has to stay in memory
   */
  add(table: EntryTable, file: VolumeFileInfo | undefined): void {
    const canRead =
      file?.storage.features.rangesAtOnce === true &&
      table instanceof CentralDirectoryTable;

    this.#volumes.push({
      file,
      table: canRead ? undefined : table,
      record: this.#size,
    });

    for (const run of directoryRuns(table)) this.#addRun(table, run);
    this.#size += table.count;
  }

  /** A directory's own entry. @param prefix its entry name, with `/` */
  ownEntry(prefix: string): OwnEntry | undefined {
    return this.#directories.get(prefix)?.own;
  }

  /** Says whether a directory has files. */
  hasFiles(prefix: string): boolean {
    return this.#directories.get(prefix)?.files !== undefined;
  }

  /**
   * The files of a directory, good until those of another are asked for; none where the full does not know it.
   * @throws {KmsError} when the full is another one by now · {Error} the operating system's
   */
  async filesIn(prefix: string): Promise<BaseFiles> {
    if (this.#recent?.prefix === prefix) return this.#recent;

    const runs: BaseRun[] = [];
    let range = this.#directories.get(prefix)?.files;

    for (; range; range = range.before) runs.push(await this.#read(range));

    this.#recent = new BaseFiles(prefix, runs.reverse());

    return this.#recent;
  }

  /** Says whether a set has every record of the files in a directory. */
  hasAll(prefix: string, records: RecordSet): boolean {
    let range = this.#directories.get(prefix)?.files;

    for (; range; range = range.before) {
      const first = (this.#volumes[range.volume]?.record ?? 0) + range.first;
      if (!records.hasAll(first, range.count)) return false;
    }

    return true;
  }

  /** Says whether the full has a file of that name. */
  async hasFile(entryName: string): Promise<boolean> {
    const at = entryName.lastIndexOf('/') + 1;
    const files = await this.filesIn(entryName.slice(0, at));

    return files.find(entryName.slice(at)) !== undefined;
  }

  /** Lets go of the volume that was read last. */
  close(): void {
    this.#recent = undefined;
    this.#reader.close();
  }

  #addRun(table: EntryTable, { prefix, start, end }: DirectoryRun): void {
    let [first, behind] = [end, start];

    for (let index = start; index < end; index++) {
      this.#nameBytes += table.nameLength(index);

      if (table.isDirectory(index)) {
        this.#directoryOf(table.name(index)).own = this.#stamp(table, index);
      } else {
        first = Math.min(first, index);
        behind = index + 1;
      }
    }

    if (first >= behind) return;

    const directory = this.#directoryOf(prefix);
    directory.files = {
      volume: this.#volumes.length - 1,
      first,
      count: behind - first,
      startByte: table.nameStart(first) - CENTRAL_FIXED_BYTES,
      endByte:
        behind < table.count
          ? table.nameStart(behind) - CENTRAL_FIXED_BYTES
          : table.names.length,
      before: directory.files,
    };
  }

  #directoryOf(prefix: string): BaseDirectory {
    let directory = this.#directories.get(prefix);
    if (!directory) {
      directory = { own: undefined, files: undefined };
      this.#directories.set(prefix, directory);
    }

    return directory;
  }

  #stamp(table: EntryTable, index: number): OwnEntry {
    return {
      record: this.#size + index,
      ...stampOf(table, index),
    };
  }

  async #read(range: FileRange): Promise<BaseRun> {
    const volume = this.#volumes[range.volume];
    if (!volume) throw new Error(`there is no volume ${range.volume}`);

    const { first, count } = range;
    const record = volume.record + first;
    if (volume.table) {
      return {
        table: volume.table,
        start: first,
        count,
        record,
      };
    }

    if (!volume.file) throw new Error('a volume has a table or a file');

    const table = await this.#reader.read(volume.file, range);

    return {
      table,
      start: 0,
      count,
      record,
    };
  }
}

export function stampOf(table: EntryTable, index: number): EntryStamp {
  return {
    sizeBytes: wholeSize(table, index),
    mtimeTicks: table.mtimeTicks(index),
    precision: table.precision(index),
    mode: table.mode(index),
  };
}

/** How fast files were read: a disk that lets its readers wait shows. */

export interface ReadPace {
  readonly files: number;
  readonly bytes: number;
  readonly ms: number;
}

/** Opening, reading and closing a file that lies in memory takes a seventh of that. */
const MS_PER_FILE = 0.075;
/** A gigabyte a second, a fifth of what memory gives. */
const BYTES_PER_MS = 1e6;

/** Says whether the reader waited for a disk: in memory it would have taken a fraction of the time. */
export function hasWaited({ files, bytes, ms }: ReadPace): boolean {
  return ms > files * MS_PER_FILE + bytes / BYTES_PER_MS;
}

export const NO_PACE: ReadPace = { files: 0, bytes: 0, ms: 0 };

/** Adds up what the files of one task took. */
export class PaceMeter {
  #files = 0;
  #bytes = 0;
  #ms = 0;

  get pace(): ReadPace {
    return { files: this.#files, bytes: this.#bytes, ms: this.#ms };
  }

  start(): void {
    this.#files = 0;
    this.#bytes = 0;
    this.#ms = 0;
  }

  /** Counts one file. */
  count(bytes: number, ms: number): void {
    this.#files++;
    this.#bytes += bytes;
    this.#ms += ms;
  }
}

export function addPace(a: ReadPace, b: ReadPace): ReadPace {
  return {
    files: a.files + b.files,
    bytes: a.bytes + b.bytes,
    ms: a.ms + b.ms,
  };
}

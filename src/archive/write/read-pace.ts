/** How fast files were read: a disk that lets its readers wait shows. */

import { countWaits } from '../../platform/count-waits.js';

export interface ReadPace {
  readonly files: number;
  readonly bytes: number;
  readonly ms: number;
}

export const NO_PACE: ReadPace = { files: 0, bytes: 0, ms: 0 };

/** Opening, reading and closing a file that lies in memory takes a seventh of that. */
const MS_PER_FILE = 0.075;
/** A gigabyte a second, a fifth of what memory gives. */
const BYTES_PER_MS = 1e6;

/** A cold disk lets its reader wait once a file and more; threads wait for each other several times a task. */
const WAITS_PER_FILE = 0.7;
/** So many files say whether readers wait. */
const JUDGED_FILES = 256;

/** Says whether reading took longer than from memory, where it takes a fraction of that. */
export function isSlow({ files, bytes, ms }: ReadPace): boolean {
  return ms > files * MS_PER_FILE + bytes / BYTES_PER_MS;
}

/**
 * Judges from time to time whether readers wait for the disk. Time alone does not tell: on a busy machine reading from memory
 * takes as long. So the system is asked how often threads waited, where it counts that.
 */
export class DiskJudge {
  #pace = NO_PACE;
  #waitsBefore: number | undefined;
  #hasBegun = false;

  /** Undefined until so many files were read that they tell. */
  judge(pace: ReadPace): boolean | undefined {
    // What was waited for until now was something else: the threads' start.
    if (!this.#hasBegun) {
      this.#beginAnew();

      return undefined;
    }

    this.#pace = addPace(this.#pace, pace);
    if (this.#pace.files < JUDGED_FILES) return undefined;

    const waits = this.#waitsSince() ?? Infinity;
    const hasWaited =
      isSlow(this.#pace) && waits > this.#pace.files * WAITS_PER_FILE;
    this.#beginAnew();

    return hasWaited;
  }

  #waitsSince(): number | undefined {
    const waits = countWaits();

    return waits === undefined || this.#waitsBefore === undefined
      ? undefined
      : waits - this.#waitsBefore;
  }

  #beginAnew(): void {
    this.#hasBegun = true;
    this.#pace = NO_PACE;
    this.#waitsBefore = countWaits();
  }
}

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

function addPace(a: ReadPace, b: ReadPace): ReadPace {
  return {
    files: a.files + b.files,
    bytes: a.bytes + b.bytes,
    ms: a.ms + b.ms,
  };
}

/** How fast files were read: a disk that lets its readers wait shows. */

import { countWaits, type WaitCounts } from '../../platform/count-waits.js';

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

/** A small file takes eight sectors from a cold disk, and a share of its directory's. */
const SECTORS_PER_FILE = 4;
/** A cold disk or network storage lets its reader wait once a file and more. */
const WAITS_PER_FILE = 0.7;
/** Threads wait for each other while a task is handed over. */
const WAITS_PER_TASK = 8;
/** So many files say whether readers wait. */
const JUDGED_FILES = 256;

/** Says whether reading took longer than from memory, where it takes a fraction of that. */
export function isSlow({ files, bytes, ms }: ReadPace): boolean {
  return ms > files * MS_PER_FILE + bytes / BYTES_PER_MS;
}

/**
 * Judges from time to time whether readers wait for the disk. Time alone does not tell: on a busy machine reading from memory
 * takes as long. So the system is asked what came from disks and how often threads waited, where it counts that.
 */
export class DiskJudge {
  #pace = NO_PACE;
  #tasks = 0;
  #before: WaitCounts | undefined;
  #hasBegun = false;

  /** Undefined until so many files were read that they tell. */
  judge(pace: ReadPace): boolean | undefined {
    // What was waited for until now was something else: the threads' start.
    if (!this.#hasBegun) {
      this.#beginAnew();

      return undefined;
    }

    this.#tasks++;
    this.#pace = addPace(this.#pace, pace);
    if (this.#pace.files < JUDGED_FILES) return undefined;

    const hasWaited = isSlow(this.#pace) && this.#hasFetched();
    this.#beginAnew();

    return hasWaited;
  }

  /** By the system's count; where it does not count, time has to tell. */
  #hasFetched(): boolean {
    const now = countWaits();
    if (now === undefined || this.#before === undefined) return true;

    const { files } = this.#pace;
    const sectors = now.sectors - this.#before.sectors;
    const waits = now.waits - this.#before.waits;

    return (
      sectors > files * SECTORS_PER_FILE ||
      waits > files * WAITS_PER_FILE + this.#tasks * WAITS_PER_TASK
    );
  }

  #beginAnew(): void {
    this.#hasBegun = true;
    this.#pace = NO_PACE;
    this.#tasks = 0;
    this.#before = countWaits();
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

import type { OnProgress } from '../../platform/progress.js';
import type {
  ReadProblem,
  ReadResult,
  TargetRule,
  UnreadEntry,
} from './read-tasks.js';
import { type Selection, sizeOf } from './selection.js';

export interface ReadOptions {
  /** The places that entries are written to; without them entries are only checked. */
  readonly rules?: readonly TargetRule[] | undefined;
  /** Entries that the operating system would not read are listed, and the others are read. */
  readonly isTolerant?: boolean | undefined;
  readonly threads?: number | undefined;
  readonly phase: string;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ReadReport {
  readonly entries: number;
  readonly bytes: number;
  readonly problems: readonly ReadProblem[];
  /** Entries that became files with another time: the file system does not keep theirs. */
  readonly offTimes: readonly string[];
  readonly unread: readonly UnreadEntry[];
}

/** What was read so far. */
export class GrowingReport implements ReadReport {
  readonly problems: ReadProblem[] = [];
  readonly offTimes: string[] = [];
  readonly unread: UnreadEntry[] = [];
  entries = 0;
  bytes = 0;
  #totalItems = 0;
  #totalBytes = 0;
  #isAllKnown = false;

  constructor(private readonly options: ReadOptions) {}

  get totalItems(): number {
    return this.#totalItems;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Counts what is to be read, too. */
  expect(selection: Selection): void {
    this.#totalItems += selection.indices.length;
    this.#totalBytes += sizeOf(selection);
  }

  /** From here on progress is told: nothing more is to be expected. */
  expectNoMore(): void {
    this.#isAllKnown = true;
  }

  add(result: ReadResult): void {
    this.entries += result.entries;
    this.bytes += result.bytes;
    this.problems.push(...result.problems);
    for (const name of result.offTimes) this.offTimes.push(name);
    this.unread.push(...result.unread);

    if (!this.#isAllKnown) return;

    this.options.onProgress?.({
      phase: this.options.phase,
      doneItems: this.entries,
      totalItems: this.#totalItems,
      doneBytes: this.bytes,
      totalBytes: this.#totalBytes,
    });
  }
}

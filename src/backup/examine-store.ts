import type { Component } from '../store/components.js';
import { WorkerPool } from '../platform/worker-pool.js';
import { examineFiles } from '../store/examine-files.js';
import type { BackupRequest } from './request.js';
import type { StatResult, StatTask } from '../store/stat-tasks.js';
import { listedAs, type WalkedDirectory } from '../store/list-directory.js';

/** Enough for a task to be worth its message; large directories are examined by all workers. */
const BATCH_FILES = 2000;
/** Batches that may wait for their answers, or for the base to be opened: the listing goes on meanwhile. */
const OPEN_BATCHES = 12;

/** Files of one directory with what the file system says of them. */
export interface ExaminedFiles {
  readonly directory: WalkedDirectory;
  readonly names: readonly string[];
  readonly result: StatResult;
  /** The place of the first name in the result's columns. */
  readonly first: number;
}

interface Batch {
  readonly component: Component;
  readonly pieces: {
    readonly directory: WalkedDirectory;
    readonly names: readonly string[];
  }[];
  files: number;
}

interface ExaminedBatch {
  readonly component: Component;
  readonly files: readonly ExaminedFiles[];
}

/** Told of examined files, in the order in which they were added; the listing waits for it from time to time. */
export type OnExamined = (
  component: Component,
  files: ExaminedFiles,
) => Promise<unknown>;

/** Asks for size, time and mode of everything that is listed, while it is being listed: of many files in worker threads. */
export class StoreExaminer {
  readonly #pool: WorkerPool<StatTask, StatResult>;
  /** Those that nobody was told of yet, the oldest first. */
  readonly #answers: Promise<ExaminedBatch>[] = [];
  #batch: Batch | undefined;

  constructor(
    private readonly request: BackupRequest,
    private readonly onExamined: OnExamined,
  ) {
    this.#pool = new WorkerPool<StatTask, StatResult>({
      url: new URL('./stat-worker.js', import.meta.url),
      threads: request.threads,
      // Contents may be long: they are read by threads only.
      here: request.usesChecksum ? undefined : examineFiles,
      tasksInFlight: OPEN_BATCHES,
      workerData: () => undefined,
    });
    request.signal?.addEventListener('abort', this.#stop, { once: true });
  }

  /**
   * Takes the files of one directory.
   * @returns what to wait for before more is added
   * @throws what a worker could not foresee, or the reason of an interruption
   */
  add(
    component: Component,
    directory: WalkedDirectory,
    names: readonly string[],
  ): Promise<void> | undefined {
    for (let from = 0; from < names.length; from += BATCH_FILES) {
      if (this.#batch?.component !== component) this.#send();

      const batch = (this.#batch ??= { component, pieces: [], files: 0 });
      const piece = names.slice(from, from + BATCH_FILES);

      batch.pieces.push({
        directory,
        names: piece,
      });
      batch.files += piece.length;
      if (batch.files < BATCH_FILES) continue;

      this.#pool.grow();
      this.#send();
    }

    return this.#answers.length > OPEN_BATCHES
      ? this.#tell(OPEN_BATCHES)
      : undefined;
  }

  /** Ends when everything that was added is told. @throws as `add` does */
  async finish(): Promise<void> {
    this.#send();
    await this.#tell(0);
  }

  async close(): Promise<void> {
    this.request.signal?.removeEventListener('abort', this.#stop);
    await this.#pool.close();
  }

  readonly #stop = (): void => {
    this.#pool.fail(this.request.signal?.reason as Error);
  };

  /** Tells of batches until no more than so many are left. */
  async #tell(left: number): Promise<void> {
    while (this.#answers.length > left) {
      const answer = await this.#answers.shift();
      if (!answer) return;

      for (const files of answer.files) {
        await this.onExamined(answer.component, files);
      }
    }
  }

  #send(): void {
    const batch = this.#batch;
    if (!batch) return;

    this.#batch = undefined;

    const directories = batch.pieces.map(({ directory, names }) => ({
      ...listedAs(directory),
      names,
    }));

    const answer = this.#pool
      .run({
        directories,
        withCrc: this.request.usesChecksum,
      })
      .then((result) => toExamined(batch, result));

    answer.catch(() => undefined); // who waits for it is told
    this.#answers.push(answer);
  }
}

function toExamined(
  { component, pieces }: Batch,
  result: StatResult,
): ExaminedBatch {
  let first = 0;

  const files = pieces.map(({ directory, names }) => {
    const examined = { directory, names, result, first };
    first += names.length;
    return examined;
  });

  return {
    component,
    files,
  };
}

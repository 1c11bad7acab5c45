import type { Component } from '../store/components.js';
import { WorkerPool } from '../platform/worker-pool.js';
import { examineFiles } from '../store/examine-files.js';
import type { BackupRequest } from './request.js';
import type { StatResult, StatTask } from '../store/stat-tasks.js';
import { listedAs, type WalkedDirectory } from '../store/list-directory.js';

/** Enough for a task to be worth its message; large directories are examined by all workers. */
const BATCH_FILES = 2000;
/** Tasks are handed over while the store is being listed, when this thread takes no answers. */
const TASKS_IN_FLIGHT = 1000;

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

/** Asks for size, time and mode of everything that is listed, while it is being listed: of many files in worker threads. */
export class StoreExaminer {
  readonly #pool: WorkerPool<StatTask, StatResult>;
  readonly #answers: Promise<ExaminedBatch>[] = [];
  #batch: Batch | undefined;

  constructor(private readonly request: BackupRequest) {
    this.#pool = new WorkerPool<StatTask, StatResult>({
      url: new URL('./stat-worker.js', import.meta.url),
      threads: request.threads,
      // Contents may be long: they are read by threads only.
      here: request.usesChecksum ? undefined : examineFiles,
      tasksInFlight: TASKS_IN_FLIGHT,
      workerData: () => undefined,
    });
    request.signal?.addEventListener('abort', this.#stop, { once: true });
  }

  /** Takes the files of one directory. */
  add(component: Component, directory: WalkedDirectory): void {
    for (let from = 0; from < directory.files.length; from += BATCH_FILES) {
      if (this.#batch?.component !== component) this.#send();

      const batch = (this.#batch ??= { component, pieces: [], files: 0 });
      const names = directory.files.slice(from, from + BATCH_FILES);

      batch.pieces.push({ directory, names });
      batch.files += names.length;
      if (batch.files < BATCH_FILES) continue;

      this.#pool.grow();
      this.#send();
    }
  }

  /**
   * All that was added: a list for each component that has files, everything in the order in which it was added.
   * @throws what a worker could not foresee, or the reason of an interruption
   */
  async finish(): Promise<readonly (readonly ExaminedFiles[])[]> {
    this.#send();

    const groups = new Map<Component, ExaminedFiles[]>();
    for (const { component, files } of await Promise.all(this.#answers)) {
      const group = groups.get(component) ?? [];
      groups.set(component, group);
      group.push(...files);
    }

    return [...groups.values()];
  }

  async close(): Promise<void> {
    this.request.signal?.removeEventListener('abort', this.#stop);
    await this.#pool.close();
  }

  readonly #stop = (): void => {
    this.#pool.fail(this.request.signal?.reason as Error);
  };

  #send(): void {
    const batch = this.#batch;
    if (!batch) return;

    this.#batch = undefined;

    const directories = batch.pieces.map(({ directory, names }) => ({
      ...listedAs(directory),
      names,
    }));

    const answer = this.#pool
      .run({ directories, withCrc: this.request.usesChecksum })
      .then((result) => toExamined(batch, result));

    answer.catch(() => undefined); // finish() tells
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

  return { component, files };
}

import { defaultThreads, WorkerPool } from '../../platform/worker-pool.js';
import type { VolumeFileInfo } from '../backup-directory.js';
import {
  canThreadsRead,
  openSealsOf,
  placeForThreads,
} from '../volume-handle.js';
import {
  GrowingReport,
  type ReadOptions,
  type ReadReport,
} from './read-report.js';
import type { ReadResult, ReadTask } from './read-tasks.js';
import { type Selection, toTasks } from './selection.js';

/** Volumes of so many bytes are read sooner than a thread is started. */
const FEW_BYTES = 8 << 20;
/** A thread has something to do while the main one looks through some thousand entries. */
const TASKS_IN_FLIGHT = 6;

/** Threads for volumes that are read as soon as they are opened; undefined where there is little to read, or only this one can. */
export function threadsFor(
  volumes: readonly VolumeFileInfo[],
  options: ReadOptions,
): ReadingThreads | undefined {
  const bytes = volumes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

  return bytes > FEW_BYTES && volumes.every(canThreadsRead)
    ? new ReadingThreads(options)
    : undefined;
}

/** Threads that read selections in the order in which they are added. */
export class ReadingThreads {
  readonly #pool: WorkerPool<ReadTask, ReadResult>;
  readonly #readings: Promise<void>[] = [];
  /** Settled when the threads have the last tasks of what was added. */
  #handedOut = Promise.resolve();

  constructor(
    private readonly options: ReadOptions,
    private readonly report = new GrowingReport(options),
  ) {
    this.#pool = new WorkerPool({
      url: new URL('./read-worker.js', import.meta.url),
      threads: options.threads ?? defaultThreads(),
      tasksInFlight: TASKS_IN_FLIGHT,
      workerData: () => undefined,
    });

    options.signal?.addEventListener('abort', this.#stop, { once: true });
    if (options.signal?.aborted) this.#stop();
  }

  /** Counts a selection and has it read. Returns at once. */
  add(selection: Selection): void {
    this.report.expect(selection);
    this.handOut(selection);
  }

  /** Has a selection read that the report expects. Returns at once. */
  handOut(selection: Selection): void {
    const before = this.#handedOut;

    this.#handedOut = new Promise((resolve) => {
      const reading = before
        .then(() => this.#read(selection, resolve))
        .finally(resolve);

      reading.catch(() => undefined); // finish() tells
      this.#readings.push(reading);
    });
  }

  /** Waits for all that was added. @throws {Error} when a volume cannot be read or a target cannot be written */
  async finish(): Promise<ReadReport> {
    this.report.expectNoMore();
    await Promise.all(this.#readings);

    return this.report;
  }

  async close(): Promise<void> {
    this.options.signal?.removeEventListener('abort', this.#stop);
    await this.#pool.close();
  }

  readonly #stop = (): void => {
    this.#pool.fail(this.options.signal?.reason as Error);
  };

  async #read(selection: Selection, onHandedOut: () => void): Promise<void> {
    await openSealsOf([selection.volume]);
    const place = placeForThreads(selection.volume);
    const tasks = toTasks(selection, place, this.options);

    await this.#pool.runAll(thenCall(tasks, onHandedOut), (result) => {
      this.report.add(result);
    });
  }
}

function* thenCall<T>(items: Iterable<T>, atEnd: () => void): Generator<T> {
  yield* items;
  atEnd();
}

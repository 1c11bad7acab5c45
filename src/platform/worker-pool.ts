import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { addNote } from './run-notes.js';
import { fromThreadError } from './thread-error.js';
import type { FromWorker } from './worker-port.js';

/** A worker has the next task already while it does one. */
const TASKS_IN_FLIGHT = 2;
/** A thread takes about as long to start: shorter work needs no thread. */
const HERE_MS = 100;
/** What a thread makes of a file it needs no more when it has the next one: more is only filled before it is used again. */
const YOUNG_MEGABYTES = 4;

interface Pending<Task, Result> {
  readonly task: Task;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

export interface PoolOptions<Task, Result, Message> {
  /** `new URL('./x-worker.js', import.meta.url)`. */
  readonly url: URL;
  readonly threads: number;
  /**
   * Does a task in this thread. With it the pool starts without threads: tasks are done here until they have taken as long
   * as a thread takes to start, or until `grow` is called. A task must be short, because no signal is heard meanwhile.
   */
  readonly here?: ((task: Task) => Result | Promise<Result>) | undefined;
  /** The number of tasks that a worker holds at most. Default: two. */
  readonly tasksInFlight?: number;
  /** The memory of a worker for objects that live shortly. Less of it is collected more often. */
  readonly youngMegabytes?: number;
  /** Returns the start data of a worker. */
  workerData(index: number): unknown;
  /** Called for each message of a worker before its answer. An error thrown here fails the whole pool. */
  onMessage?(message: Message, workerIndex: number): void;
}

/** Returns the number of threads where the operator names none: one for each core, at most 8. */
export function defaultThreads(): number {
  return Math.max(1, Math.min(8, availableParallelism()));
}

/** Worker threads that do tasks. The first failure of a worker fails every task, now and later. */
export class WorkerPool<Task, Result, Message = never> {
  readonly #workers: {
    readonly worker: Worker;
    readonly pending: Map<number, Pending<Task, Result>>;
  }[] = [];
  readonly #queue: Pending<Task, Result>[] = [];
  #failure: Error | undefined;
  #nextId = 0;
  #hereMs = 0;

  constructor(private readonly options: PoolOptions<Task, Result, Message>) {
    if (!options.here) this.grow();
  }

  get #tasksInFlight(): number {
    return this.options.tasksInFlight ?? TASKS_IN_FLIGHT;
  }

  /** Starts all threads, for more work than was expected. */
  grow(): void {
    for (
      let index = this.#workers.length;
      index < this.options.threads;
      index++
    ) {
      this.#start(index);
    }
  }

  /** The number of tasks to queue: more would only cost memory. */
  get depth(): number {
    return Math.max(1, this.#workers.length) * this.#tasksInFlight;
  }

  /** @throws the error of this task, or the failure of the pool */
  run(task: Task): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }

      if (this.#workers.length === 0) {
        if (this.options.here && this.#hereMs < HERE_MS) {
          resolve(this.#runHere(this.options.here, task));
          return;
        }

        this.grow();
      }

      this.#queue.push({ task, resolve, reject });
      this.#dispatch();
    });
  }

  async #runHere(
    handle: (task: Task) => Result | Promise<Result>,
    task: Task,
  ): Promise<Result> {
    const startedAt = performance.now();
    try {
      return await handle(task);
    } finally {
      this.#hereMs += performance.now() - startedAt;
    }
  }

  /**
   * Runs all tasks, `depth` of them at a time. Calls `onResult` with each result as it comes.
   * @param whenReady what is waited for before a task is run
   */
  async runAll(
    tasks: Iterable<Task>,
    onResult: (result: Result, task: Task) => void,
    whenReady?: (task: Task) => Promise<void> | undefined,
  ): Promise<void> {
    const iterator = tasks[Symbol.iterator]();
    const lane = async (goesOn: () => boolean): Promise<void> => {
      while (goesOn()) {
        const next = iterator.next();
        if (next.done === true) return;

        await whenReady?.(next.value);
        onResult(await this.run(next.value), next.value);
      }
    };

    await lane(
      () => this.options.here !== undefined && this.#workers.length === 0,
    );
    await Promise.all(
      Array.from({ length: this.depth }, () => lane(() => true)),
    );
  }

  /** Makes every task fail with `error`, for instance because the run was interrupted. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const { pending } of this.#workers) {
      for (const task of pending.values()) task.reject(this.#failure);
      pending.clear();
    }

    for (const task of this.#queue.splice(0)) task.reject(this.#failure);
  }

  /** Ends all workers, also those that work. */
  async close(): Promise<void> {
    this.#failure ??= new Error('the worker pool is closed');
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  #start(index: number): void {
    const worker = new Worker(this.options.url, {
      workerData: this.options.workerData(index),
      resourceLimits: {
        maxYoungGenerationSizeMb:
          this.options.youngMegabytes ?? YOUNG_MEGABYTES,
      },
    });

    const pending = new Map<number, Pending<Task, Result>>();

    this.#workers.push({ worker, pending });
    worker.on('message', (message: FromWorker<Result, Message>) => {
      try {
        this.#receive(message, index, pending);
      } catch (error) {
        this.fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    worker.on('error', (error) => {
      this.fail(error);
    });
    worker.on('exit', () => {
      if (pending.size > 0) {
        this.fail(new Error('a worker thread ended before its work was done'));
      }
    });
  }

  #receive(
    message: FromWorker<Result, Message>,
    index: number,
    pending: Map<number, Pending<Task, Result>>,
  ): void {
    if (message.kind === 'message') {
      if (!this.#failure) this.options.onMessage?.(message.message, index);
      return;
    }

    if (message.kind === 'note') {
      addNote(message.note);
      return;
    }

    const task = pending.get(message.id);
    pending.delete(message.id);
    if (message.kind === 'failed') task?.reject(fromThreadError(message.error));
    else task?.resolve(message.result);
    this.#dispatch();
  }

  #dispatch(): void {
    for (;;) {
      const least = this.#workers.reduce((a, b) =>
        b.pending.size < a.pending.size ? b : a,
      );
      if (least.pending.size >= this.#tasksInFlight) return;

      const next = this.#queue.shift();
      if (!next) return;

      const id = this.#nextId++;
      least.pending.set(id, next);
      least.worker.postMessage({ id, task: next.task });
    }
  }
}

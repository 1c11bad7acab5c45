import { WorkerPool } from '../../platform/worker-pool.js';
import type { FilesTask, PackTask } from './pack-tasks.js';
import { DiskJudge, type ReadPace } from './read-pace.js';

/** Where the operator says nothing: what a disk of a virtual machine, an SSD and a small array like. */
export const DEFAULT_FILES_AHEAD = 8;
/** Tasks that are read ahead, for each file in flight. */
const TASKS_AHEAD = 4;
/** The content that is read ahead: the system holds it in memory until it is packed. */
const MOST_BYTES_AHEAD = 128 << 20;
/** A reading thread holds a task's names, and nothing else. */
const YOUNG_MEGABYTES = 1;

/**
 * Reads files ahead of the packing threads, in threads of its own, where these wait for the disk: reading takes no
 * processor and deflating no disk. From memory nothing is read twice. It bounds how far it is ahead, and fails nothing: what
 * it did not read is read when it is packed.
 */
export class ReadAhead {
  #pool: WorkerPool<FilesTask, ReadPace> | undefined;
  #isOn = false;
  #hasFailed = false;
  readonly #disk = new DiskJudge();
  #bytesAhead = 0;
  /** What is being read or waits for its packing, and the number of its bytes. */
  readonly #ahead = new Map<PackTask, Promise<number>>();

  /** @param filesInFlight the number of files that are read at once; 0: nothing is read ahead */
  constructor(private readonly filesInFlight: number) {}

  /** Gives the tasks in their order. While it is on, some of those that follow are being read already. */
  *inOrder(tasks: Iterable<FilesTask>): Generator<FilesTask> {
    const source = tasks[Symbol.iterator]();
    const queue: FilesTask[] = [];

    for (;;) {
      while (this.#wantsMore(queue.length)) {
        const next = source.next();
        if (next.done === true) break;

        queue.push(next.value);
        if (this.#isOn) this.#ahead.set(next.value, this.#read(next.value));
      }

      const first = queue.shift();
      if (first === undefined) return;

      yield first;
    }
  }

  /** Asked once for each task before it is packed: resolves when its files are read; undefined where none is. */
  whenRead(task: PackTask): Promise<void> | undefined {
    const reading = this.#ahead.get(task);
    this.#ahead.delete(task);

    return reading?.then((bytes) => {
      this.#bytesAhead -= bytes;
    });
  }

  /** Learns how fast the files of a task were read while they were packed. */
  observe(pace: ReadPace): void {
    if (!this.#isOn) this.#judge(pace);
  }

  /** Lets nobody wait any longer. */
  stop(error: Error): void {
    this.#hasFailed = true;
    this.#isOn = false;
    this.#pool?.fail(error);
  }

  async close(): Promise<void> {
    this.#isOn = false;
    await this.#pool?.close();
  }

  #wantsMore(queued: number): boolean {
    if (queued === 0) return true;
    if (!this.#isOn || this.#bytesAhead > MOST_BYTES_AHEAD) return false;

    return queued < this.filesInFlight * TASKS_AHEAD;
  }

  #judge(pace: ReadPace): void {
    if (this.#hasFailed || this.filesInFlight === 0) return;

    this.#isOn = this.#disk.judge(pace) ?? this.#isOn;
  }

  async #read(task: FilesTask): Promise<number> {
    this.#pool ??= this.#start();

    try {
      const pace = await this.#pool.run(task);
      this.#bytesAhead += pace.bytes;
      this.#judge(pace);

      return pace.bytes;
    } catch {
      this.#hasFailed = true;
      this.#isOn = false;

      return 0;
    }
  }

  #start(): WorkerPool<FilesTask, ReadPace> {
    return new WorkerPool<FilesTask, ReadPace>({
      url: new URL('./read-ahead-worker.js', import.meta.url),
      threads: this.filesInFlight,
      youngMegabytes: YOUNG_MEGABYTES,
      workerData: () => undefined,
    });
  }
}

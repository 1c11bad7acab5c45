import {
  HEADER_FIELDS,
  headersOf,
  type RecordHeaders,
} from '../archive/headers/header-index.js';
import { GatheredLines } from '../archive/headers/text-column.js';
import { openSealsOf, placeForThreads } from '../archive/volume-handle.js';
import { defaultThreads, WorkerPool } from '../platform/worker-pool.js';
import { HeaderReader } from './header-reader.js';
import type { HeaderAnswer, HeaderTask } from './header-tasks.js';
import type { NewRecords } from './index-builder.js';
import { failOnAbort, type SearchOptions } from './run-search.js';

const TASK_MESSAGES = 256;
/** A thread has few objects at a time, and many that live shortly: more memory would only be filled before it is used again. */
const YOUNG_MEGABYTES = 3;

/** The tasks that are under way: a thread gets nothing of a record but its entry. */
type Batches = Map<HeaderTask, Batch>;

interface Batch {
  readonly number: number;
  /** The number of its first record. */
  readonly first: number;
}

/** Gathers the headers of records in the order of the records, while threads read them. */
export class HeaderColumns {
  /** Records whose headers could not be read. */
  readonly unread: Set<number>;
  /** Why the system refused some of them; undefined where it did not. */
  failure: string | undefined;
  readonly #texts: readonly GatheredLines[];
  #dates: Float64Array;
  #count: number;
  readonly #reader = new HeaderReader();
  readonly #pool: WorkerPool<HeaderTask, HeaderAnswer>;
  readonly #stopListening: () => void;

  private constructor(
    known: {
      readonly dates: Float64Array;
      readonly texts: readonly GatheredLines[];
      readonly unread: ReadonlySet<number>;
    },
    { threads, signal }: SearchOptions,
  ) {
    this.#dates = known.dates;
    this.#count = known.dates.length;
    this.#texts = known.texts;
    this.unread = new Set(known.unread);
    this.#pool = new WorkerPool({
      url: new URL('./header-worker.js', import.meta.url),
      threads: threads ?? defaultThreads(),
      youngMegabytes: YOUNG_MEGABYTES,
      here: (task) => this.#reader.read(task),
      workerData: () => undefined,
    });
    this.#stopListening = failOnAbort(this.#pool, signal);
  }

  /** @param known headers of the first records */
  static async open(
    known: RecordHeaders | undefined,
    unread: ReadonlySet<number>,
    options: SearchOptions,
  ): Promise<HeaderColumns> {
    const dates = (await known?.dates()) ?? new Float64Array(0);
    const texts = await Promise.all(
      HEADER_FIELDS.map(
        async (field) => new GatheredLines(await known?.text(field)),
      ),
    );

    return new HeaderColumns({ dates, texts, unread }, options);
  }

  /** Reads the headers of the records that follow those that are there. */
  async read(added: readonly NewRecords[]): Promise<void> {
    const batches: Batches = new Map();
    const waiting = new Map<number, () => void>();
    let next = 0;

    await openSealsOf(added.map(({ volume }) => volume.file));
    await this.#pool.runAll(toTasks(added, batches), (answer, task) => {
      const { number, first } = batches.get(task) ?? { number: 0, first: 0 };

      batches.delete(task);
      waiting.set(number, () => {
        this.#add(answer, first);
      });

      for (let add = waiting.get(next); add; add = waiting.get(next)) {
        add();
        waiting.delete(next++);
      }
    });
  }

  /** The headers of all records; no more can be read then. */
  finish(): RecordHeaders {
    return headersOf(
      this.#dates.subarray(0, this.#count),
      this.#texts.map((lines) => lines.join(this.#count)),
    );
  }

  async close(): Promise<void> {
    this.#stopListening();
    this.#reader.close();
    await this.#pool.close();
  }

  #add({ dates, lines, unread, failure }: HeaderAnswer, first: number): void {
    this.#reserve(dates.length);
    this.#dates.set(dates, this.#count);
    this.#count += dates.length;
    this.failure ??= failure;

    for (const [at, field] of HEADER_FIELDS.entries()) {
      this.#texts[at]?.add(lines[field]);
    }

    for (const index of unread) this.unread.add(first + index);
  }

  #reserve(more: number): void {
    const needed = this.#count + more;
    if (needed <= this.#dates.length) return;

    const dates = new Float64Array(Math.ceil(needed * 1.25));
    dates.set(this.#dates);
    this.#dates = dates;
  }
}

/** Each task is about one volume, and the tasks together about all records in their order. */
function* toTasks(
  added: readonly NewRecords[],
  batches: Batches,
): Generator<HeaderTask> {
  let number = 0;

  for (const { volume, first, indices } of added) {
    for (let from = 0; from < indices.length; from += TASK_MESSAGES) {
      const batch = indices.slice(from, from + TASK_MESSAGES);
      const task = {
        volume: placeForThreads(volume.file),
        columns: volume.table.gather(batch).columns,
      };

      batches.set(task, { number: number++, first: first + from });
      yield task;
    }
  }
}

import type { Component } from '../store/components.js';
import { Turns } from '../platform/turns.js';
import { WorkerPool } from '../platform/worker-pool.js';
import { examineListed } from '../store/examine-files.js';
import type { BackupRequest } from './request.js';
import type { ListedStatTask, StatResult } from '../store/stat-tasks.js';
import { listedAs, type WalkedDirectory } from '../store/list-directory.js';
import { type NameList, packNames } from '../store/name-list.js';

/** Enough for a task to be worth its message; large directories are examined by all workers. */
const BATCH_FILES = 2000;
/** Batches that may wait for their answers, or for the base to be opened: the listing and the threads go on meanwhile. They take 4 MB. */
const OPEN_BATCHES = 64;

/** Files of one directory with what the file system says of them. */
export interface ExaminedFiles {
  readonly directory: WalkedDirectory;
  readonly files: NameList;
  readonly result: StatResult;
  /** The place of the first name in the result's columns. */
  readonly first: number;
}

/** Files of one directory. What waits for its turn is packed: a million strings that wait for a while are late garbage. */
interface Piece {
  readonly directory: WalkedDirectory;
  readonly files: NameList;
}

interface Batch {
  readonly component: Component;
  readonly pieces: Piece[];
  files: number;
}

interface ExaminedBatch extends Batch {
  readonly result: StatResult;
}

/** Told of examined files, in the order in which they were added; the listing waits for it from time to time. */
export type OnExamined = (
  component: Component,
  files: ExaminedFiles,
) => Promise<unknown>;

/** Asks for size, time and mode of everything that is listed, while it is being listed: of many files in worker threads. */
export class StoreExaminer {
  readonly #pool: WorkerPool<ListedStatTask, StatResult>;
  /** Those that nobody was told of yet, the oldest first. */
  readonly #answers: Promise<ExaminedBatch>[] = [];
  #batch: Batch | undefined;
  /** The base is opened, and a signal is heard, between two turns. */
  readonly #turns = new Turns();

  constructor(
    private readonly request: BackupRequest,
    private readonly onExamined: OnExamined,
  ) {
    this.#pool = new WorkerPool<ListedStatTask, StatResult>({
      url: new URL('./stat-worker.js', import.meta.url),
      threads: request.threads,
      // Contents may be long: they are read by threads only.
      here: request.usesChecksum ? undefined : examineListed,
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
    let isSent = false;

    for (const files of piecesOf(directory, names)) {
      if (this.#batch?.component !== component) this.#send();

      const batch = (this.#batch ??= { component, pieces: [], files: 0 });

      batch.pieces.push({ directory, files });
      batch.files += files.count;
      if (batch.files < BATCH_FILES) continue;

      this.#pool.grow();
      this.#send();
      isSent = true;
    }

    if (this.#answers.length > OPEN_BATCHES) return this.#tell(OPEN_BATCHES);

    return isSent ? this.#turns.pass() : undefined;
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

      for (const files of examinedFiles(answer)) {
        await this.onExamined(answer.component, files);
      }
    }
  }

  #send(): void {
    const batch = this.#batch;
    if (!batch) return;

    this.#batch = undefined;

    const directories = batch.pieces.map(({ directory, files }) => ({
      ...listedAs(directory),
      files,
    }));

    const answer = this.#pool
      .run({
        directories,
        withCrc: this.request.usesChecksum,
      })
      .then((result) => ({ ...batch, result }));

    answer.catch(() => undefined); // who waits for it is told
    this.#answers.push(answer);
  }
}

/** The names of a directory, cut where it has many. */
function* piecesOf(
  { files }: WalkedDirectory,
  names: readonly string[],
): Generator<NameList> {
  if (names.length > 0 && names.length <= BATCH_FILES) {
    yield files;
    return;
  }

  for (let from = 0; from < names.length; from += BATCH_FILES) {
    yield packNames(names.slice(from, from + BATCH_FILES));
  }
}

function* examinedFiles({
  pieces,
  result,
}: ExaminedBatch): Generator<ExaminedFiles> {
  let first = 0;

  for (const { directory, files } of pieces) {
    yield { directory, files, result, first };
    first += files.count;
  }
}

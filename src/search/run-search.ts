import type { Selection } from '../archive/read/read-archive.js';
import { placeForThreads } from '../archive/volume-handle.js';
import { wholeName } from '../archive/entry-names.js';
import { placeOf } from '../store/entry-place.js';
import type { MessageQuery } from '../mail/message-query.js';
import type { OnProgress } from '../platform/progress.js';
import { defaultThreads, WorkerPool } from '../platform/worker-pool.js';
import { messageNameOf } from '../store/mail-names.js';
import { parseStorePath } from '../store/store-path.js';
import type { SearchAnswer, SearchTask } from './search-tasks.js';

/** One found message. */
export interface SearchHit {
  /** The argument of `recover --message`: `example.com/alice/INBOX/0000000a`. */
  readonly name: string;
  /** Below the store: `mail/example.com/alice/INBOX/#msgs/0000000a.eml`. */
  readonly storePath: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly messageId: string;
  readonly date: Date | undefined;
  readonly sizeBytes: number;
}

/** An entry: a selection of the request, and an index in that selection's table. */
interface EntryPlace {
  readonly selection: number;
  readonly index: number;
}

export interface SearchReport {
  /** In the order of mailbox, folder and date. */
  readonly hits: readonly SearchHit[];
  readonly searched: number;
  /** Messages that could not be read. */
  readonly problems: readonly {
    readonly name: string;
    readonly reason: string;
  }[];
}

export interface SearchOptions {
  readonly threads?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

const TASK_MESSAGES = 256;

/**
 * Looks through the selected messages in worker threads. Damaged messages are listed, not an error.
 * @param selections message entries only
 * @throws {Error} when a volume cannot be read
 */
export async function searchMessages(
  selections: readonly Selection[],
  query: MessageQuery,
  options: SearchOptions,
): Promise<SearchReport> {
  const totalItems = countMessages(selections);

  const hits: SearchHit[] = [];
  const problems: { name: string; reason: string }[] = [];
  if (totalItems === 0) return { hits, searched: 0, problems };

  const pool = openPool(totalItems, options.threads);

  const stopListening = failOnAbort(pool, options.signal);
  const batches: Batches = new Map();
  let doneItems = 0;
  let doneBytes = 0;

  try {
    options.signal?.throwIfAborted();
    await pool.runAll(
      toTasks(selections, query, batches),
      ({ matches, problems: broken }, task) => {
        hits.push(...toHits(selections, batches.get(task), matches));
        batches.delete(task);
        problems.push(...broken);
        doneItems += task.columns.count;
        doneBytes += task.columns.sizes.reduce((sum, size) => sum + size, 0);
        options.onProgress?.({
          phase: 'searching',
          doneItems,
          totalItems,
          doneBytes,
        });
      },
    );
  } finally {
    stopListening();
    await pool.close();
  }

  return { hits: hits.sort(byPlace), searched: totalItems, problems };
}

/** The messages of each task that is under way, and the selection that they belong to. */
type Batches = Map<SearchTask, Batch>;

interface Batch {
  readonly selection: number;
  readonly indices: readonly number[];
}

/** For a few messages one thread is done before a second one has started. */
function openPool(
  messages: number,
  threads = defaultThreads(),
): WorkerPool<SearchTask, SearchAnswer> {
  return new WorkerPool({
    url: new URL('./search-worker.js', import.meta.url),
    threads: messages < 2 * TASK_MESSAGES ? 1 : threads,
    workerData: () => undefined,
  });
}

function countMessages(selections: readonly Selection[]): number {
  return selections.reduce((sum, { indices }) => sum + indices.length, 0);
}

/** @returns what ends it */
function failOnAbort(
  pool: WorkerPool<SearchTask, SearchAnswer>,
  signal: AbortSignal | undefined,
): () => void {
  const stop = (): void => {
    pool.fail(signal?.reason as Error);
  };

  signal?.addEventListener('abort', stop, { once: true });

  return () => signal?.removeEventListener('abort', stop);
}

function toHits(
  selections: readonly Selection[],
  batch: Batch | undefined,
  matches: SearchAnswer['matches'],
): SearchHit[] {
  return matches.flatMap(({ index, headers }) => {
    const hit = toHit(selections, {
      selection: batch?.selection ?? 0,
      index: batch?.indices[index] ?? 0,
    });

    return hit ? [{ ...hit, ...headers }] : [];
  });
}

function* toTasks(
  selections: readonly Selection[],
  query: MessageQuery,
  batches: Batches,
): Generator<SearchTask> {
  for (const [
    selection,
    { volume: file, table, indices },
  ] of selections.entries()) {
    const volume = placeForThreads(file);

    for (let from = 0; from < indices.length; from += TASK_MESSAGES) {
      const batch = indices.slice(from, from + TASK_MESSAGES);
      const task = { volume, columns: table.gather(batch).columns, query };

      batches.set(task, { selection, indices: batch });
      yield task;
    }
  }
}

function toHit(
  selections: readonly Selection[],
  at: EntryPlace,
): Pick<SearchHit, 'name' | 'storePath' | 'sizeBytes'> | undefined {
  const table = selections[at.selection]?.table;
  // A message that was split into parts is found by its first part and goes by its whole name.
  const storePath = table && placeOf(wholeName(table.name(at.index)))?.path;
  const place = storePath === undefined ? undefined : parseStorePath(storePath);
  if (!table || storePath === undefined || !place) return undefined;

  return {
    name: messageNameOf(place),
    storePath,
    sizeBytes: table.size(at.index),
  };
}

function byPlace(a: SearchHit, b: SearchHit): number {
  const [left, right] = [
    a.name.slice(0, a.name.lastIndexOf('/')),
    b.name.slice(0, b.name.lastIndexOf('/')),
  ];

  if (left !== right) return left < right ? -1 : 1;

  return (
    (a.date?.getTime() ?? 0) - (b.date?.getTime() ?? 0) ||
    (a.name < b.name ? -1 : 1)
  );
}

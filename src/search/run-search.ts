import type { Selection } from '../archive/read/read-archive.js';
import { openSealsOf, placeForThreads } from '../archive/volume-handle.js';
import { wholeName } from '../archive/entry-names.js';
import { placeOf } from '../store/entry-place.js';
import type { MessageQuery } from '../mail/message-query.js';
import type { OnProgress } from '../platform/progress.js';
import { defaultThreads, WorkerPool } from '../platform/worker-pool.js';
import { messageNameOf, PUBLIC } from '../store/mail-names.js';
import { parseStorePath, type StorePath } from '../store/store-path.js';
import type { MessageHeaders } from '../mail/message-headers.js';
import { Searcher } from './find-match.js';
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
  /** The folder as a command's -d, -u and -f name it. */
  readonly where: {
    readonly domain: string | undefined;
    readonly user: string | undefined;
    readonly folder: string;
  };
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
  /** What is found is read whole, and its checksum compared. */
  readonly checksWhole?: boolean | undefined;
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
  const { matches, problems } = await findMatches(selections, query, options);

  return {
    hits: matches
      .flatMap((match) => toHit(selections, match) ?? [])
      .sort(byPlace),
    searched: countMessages(selections),
    problems: problems.map(({ name, reason }) => ({ name, reason })),
  };
}

/** A message that satisfies a query. */
export interface Match extends EntryPlace {
  readonly headers: MessageHeaders;
}

/** A message that could not be read. */
export interface Unread extends EntryPlace {
  readonly name: string;
  readonly reason: string;
}

/** The same, by the places of the messages. */
export async function findMatches(
  selections: readonly Selection[],
  query: MessageQuery,
  options: SearchOptions,
): Promise<{ readonly matches: Match[]; readonly problems: Unread[] }> {
  const totalItems = countMessages(selections);
  const matches: Match[] = [];
  const problems: Unread[] = [];
  if (totalItems === 0) return { matches, problems };

  const searcher = new Searcher();
  const pool = openPool(searcher, options.threads);
  const stopListening = failOnAbort(pool, options.signal);
  const batches: Batches = new Map();
  const tell = progressOf(options, totalItems);

  try {
    options.signal?.throwIfAborted();
    await openSealsOf(selections.map(({ volume }) => volume));
    const tasks = toTasks(selections, query, options, batches);
    await pool.runAll(tasks, (answer, task) => {
      const place = placesOf(batches, task);
      for (const { index, headers } of answer.matches) {
        matches.push({ ...place(index), headers });
      }

      for (const { index, ...rest } of answer.problems) {
        problems.push({ ...place(index), ...rest });
      }

      tell(task);
    });
  } finally {
    stopListening();
    searcher.close();
    await pool.close();
  }

  return { matches, problems };
}

/** Tells of each task that is done. */
function progressOf(
  { onProgress }: SearchOptions,
  totalItems: number,
): (task: SearchTask) => void {
  let doneItems = 0;
  let doneBytes = 0;

  return ({ columns }) => {
    doneItems += columns.count;
    doneBytes += columns.sizes.reduce((sum, size) => sum + size, 0);
    onProgress?.({ phase: 'searching', doneItems, totalItems, doneBytes });
  };
}

/** The messages of each task that is under way, and the selection that they belong to. */
type Batches = Map<SearchTask, Batch>;

interface Batch {
  readonly selection: number;
  readonly indices: readonly number[];
}

/** A few messages are looked through before a thread has started. */
function openPool(
  searcher: Searcher,
  threads = defaultThreads(),
): WorkerPool<SearchTask, SearchAnswer> {
  return new WorkerPool({
    url: new URL('./search-worker.js', import.meta.url),
    threads,
    here: (task) => searcher.search(task),
    workerData: () => undefined,
  });
}

function countMessages(selections: readonly Selection[]): number {
  return selections.reduce((sum, { indices }) => sum + indices.length, 0);
}

/** @returns what ends it */
export function failOnAbort<Task, Result>(
  pool: WorkerPool<Task, Result>,
  signal: AbortSignal | undefined,
): () => void {
  const stop = (): void => {
    pool.fail(signal?.reason as Error);
  };

  signal?.addEventListener('abort', stop, { once: true });

  return () => signal?.removeEventListener('abort', stop);
}

/** Takes a task from those that are under way; returns the place of each of its messages. */
function placesOf(
  batches: Batches,
  task: SearchTask,
): (index: number) => EntryPlace {
  const batch = batches.get(task);
  batches.delete(task);

  return (index) => ({
    selection: batch?.selection ?? 0,
    index: batch?.indices[index] ?? 0,
  });
}

function* toTasks(
  selections: readonly Selection[],
  query: MessageQuery,
  { checksWhole = false }: SearchOptions,
  batches: Batches,
): Generator<SearchTask> {
  for (const [
    selection,
    { volume: file, table, indices },
  ] of selections.entries()) {
    const volume = placeForThreads(file);

    for (let from = 0; from < indices.length; from += TASK_MESSAGES) {
      const batch = indices.slice(from, from + TASK_MESSAGES);
      const { columns } = table.gather(batch);
      const task = { volume, columns, query, checksWhole };

      batches.set(task, { selection, indices: batch });
      yield task;
    }
  }
}

/** The hit of a match; undefined where its entry is no mail. */
export function toHit(
  selections: readonly Selection[],
  { selection, index, headers }: Match,
): SearchHit | undefined {
  const table = selections[selection]?.table;
  // A message that was split into parts is found by its first part and goes by its whole name.
  const storePath = table && placeOf(wholeName(table.name(index)))?.path;
  const place = storePath === undefined ? undefined : parseStorePath(storePath);
  if (!table || storePath === undefined || !place) return undefined;

  return {
    name: messageNameOf(place),
    storePath,
    sizeBytes: table.piece(index)?.totalBytes ?? table.size(index),
    where: whereOf(place),
    ...headers,
  };
}

function whereOf({
  domain,
  user,
  folder,
  isPublic,
}: StorePath): SearchHit['where'] {
  return { domain, user: isPublic ? PUBLIC : user, folder };
}

/** In the order of mailbox, folder and date. */
export function byPlace(a: SearchHit, b: SearchHit): number {
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

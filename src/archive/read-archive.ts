import type { OnProgress } from '../platform/progress.js';
import { defaultThreads, WorkerPool } from '../platform/worker-pool.js';
import type { EntryTable } from './entry-table.js';
import { type PlannedRead, planReads } from './read-plan.js';
import type { ReadProblem, ReadResult, ReadTask, TargetRule } from './read-tasks.js';

/** Which entries of a volume to read. */
export interface Selection {
  readonly volumePath: string;
  readonly table: EntryTable;
  readonly indices: readonly number[];
}

export interface ReadOptions {
  /** Where entries are written; undefined only checks them. */
  readonly rules?: readonly TargetRule[] | undefined;
  readonly threads?: number | undefined;
  readonly phase: string;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ReadReport {
  readonly entries: number;
  readonly bytes: number;
  readonly problems: readonly ReadProblem[];
}

/**
 * Inflates and checks entries in worker threads, and writes them where the rules say. Damaged entries are listed.
 * @throws {Error} when a volume cannot be read or a target cannot be written
 */
export async function readSelections(selections: readonly Selection[], options: ReadOptions): Promise<ReadReport> {
  const totalItems = selections.reduce((sum, { indices }) => sum + indices.length, 0);
  const totalBytes = selections.reduce(
    (sum, { table, indices }) => sum + indices.reduce((part, index) => part + table.size(index), 0),
    0,
  );
  if (totalItems === 0) return { entries: 0, bytes: 0, problems: [] };
  // A few entries are read sooner than threads are started for all cores.
  const threads = totalItems < 300 && totalBytes < 8 << 20 ? 1 : (options.threads ?? defaultThreads());
  const pool = new WorkerPool<ReadTask, ReadResult>({
    url: new URL('./read-worker.js', import.meta.url),
    threads,
    workerData: () => undefined,
  });
  const stop = (): void => {
    pool.fail(options.signal?.reason as Error);
  };
  options.signal?.addEventListener('abort', stop, { once: true });
  const problems: ReadProblem[] = [];
  let [entries, bytes] = [0, 0];
  try {
    options.signal?.throwIfAborted();
    await pool.runAll(toTasks(selections, options.rules), (result) => {
      entries += result.entries;
      bytes += result.bytes;
      problems.push(...result.problems);
      options.onProgress?.({ phase: options.phase, doneItems: entries, totalItems, doneBytes: bytes, totalBytes });
    });
  } finally {
    options.signal?.removeEventListener('abort', stop);
    await pool.close();
  }
  return { entries, bytes, problems };
}

function* toTasks(selections: readonly Selection[], rules: readonly TargetRule[] | undefined): Generator<ReadTask> {
  for (const { volumePath, table, indices } of selections) {
    for (const planned of planReads(table, indices)) yield toTask(volumePath, table, planned, rules);
  }
}

function toTask(
  volumePath: string,
  table: EntryTable,
  planned: PlannedRead,
  rules: readonly TargetRule[] | undefined,
): ReadTask {
  const { columns } = table.gather(planned.indices);
  const { startBytes, endBytes, isLarge } = planned;
  return { volumePath, columns, startBytes, endBytes, isLarge, rules };
}

/** Every entry of a volume. */
export function selectAll(volumePath: string, table: EntryTable): Selection {
  return { volumePath, table, indices: Array.from({ length: table.count }, (_, index) => index) };
}

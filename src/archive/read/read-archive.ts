import type { OnProgress } from '../../platform/progress.js';
import { defaultThreads, WorkerPool } from '../../platform/worker-pool.js';
import type { VolumeFileInfo } from '../backup-directory.js';
import type { EntryTable } from '../zip/entry-table.js';
import { placeOfVolume, type VolumePlace } from '../volume-handle.js';
import { IndexRuns, type Indices } from './indices.js';
import { type PlannedRead, planReads } from './plan-reads.js';
import { TaskReader } from './task-reader.js';
import type {
  ReadProblem,
  ReadResult,
  ReadTask,
  TargetRule,
  UnreadEntry,
} from './read-tasks.js';

const FEW_ITEMS = 1000;
const FEW_BYTES = 8 << 20;

/** Entries of a volume that are to be read. */
export interface Selection {
  readonly volume: VolumeFileInfo;
  readonly table: EntryTable;
  readonly indices: Indices;
}

export interface ReadOptions {
  /** The places that entries are written to; without them entries are only checked. */
  readonly rules?: readonly TargetRule[] | undefined;
  /** Entries that the operating system would not read are listed, and the others are read. */
  readonly isTolerant?: boolean | undefined;
  readonly threads?: number | undefined;
  readonly phase: string;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ReadReport {
  readonly entries: number;
  readonly bytes: number;
  readonly problems: readonly ReadProblem[];
  /** Entries that became files with another time: the file system does not keep theirs. */
  readonly offTimes: readonly string[];
  readonly unread: readonly UnreadEntry[];
}

/**
 * Inflates and checks entries in worker threads, and writes them where the rules say. Damaged entries are listed.
 * @throws {Error} when a volume cannot be read or a target cannot be written
 */
export async function readSelections(
  selections: readonly Selection[],
  options: ReadOptions,
): Promise<ReadReport> {
  const totalItems = selections.reduce(
    (sum, { indices }) => sum + indices.length,
    0,
  );

  const totalBytes = selections.reduce(
    (sum, selection) => sum + sizeOf(selection),
    0,
  );

  if (totalItems === 0) {
    return { entries: 0, bytes: 0, problems: [], unread: [], offTimes: [] };
  }

  const report = new Report(options, totalItems, totalBytes);
  // A few entries are read sooner than a thread is started.
  const isLittle = totalItems <= FEW_ITEMS && totalBytes <= FEW_BYTES;
  if (isLittle || selections.some(({ volume }) => !placeOfVolume(volume))) {
    await readHere(selections, options, report);
  } else {
    await readInThreads(selections, options, report);
  }

  return report;
}

function sizeOf({ table, indices }: Selection): number {
  let bytes = 0;
  indices.forEach((index) => {
    bytes += table.size(index);
  });

  return bytes;
}

class Report implements ReadReport {
  readonly problems: ReadProblem[] = [];
  readonly offTimes: string[] = [];
  readonly unread: UnreadEntry[] = [];
  entries = 0;
  bytes = 0;

  constructor(
    private readonly options: ReadOptions,
    private readonly totalItems: number,
    private readonly totalBytes: number,
  ) {}

  add(result: ReadResult): void {
    this.entries += result.entries;
    this.bytes += result.bytes;
    this.problems.push(...result.problems);
    for (const name of result.offTimes) this.offTimes.push(name);
    this.unread.push(...result.unread);

    const { totalItems, totalBytes } = this;
    const { phase, onProgress } = this.options;

    onProgress?.({
      phase,
      doneItems: this.entries,
      totalItems,
      doneBytes: this.bytes,
      totalBytes,
    });
  }
}

async function readHere(
  selections: readonly Selection[],
  options: ReadOptions,
  report: Report,
): Promise<void> {
  const reader = new TaskReader();
  try {
    for (const task of toTasks(selections, options)) {
      options.signal?.throwIfAborted();
      report.add(await reader.read(task));
    }
  } finally {
    reader.close();
  }
}

async function readInThreads(
  selections: readonly Selection[],
  options: ReadOptions,
  report: Report,
): Promise<void> {
  const pool = new WorkerPool<ReadTask, ReadResult>({
    url: new URL('./read-worker.js', import.meta.url),
    threads: options.threads ?? defaultThreads(),
    workerData: () => undefined,
  });

  const stop = (): void => {
    pool.fail(options.signal?.reason as Error);
  };

  options.signal?.addEventListener('abort', stop, { once: true });

  try {
    options.signal?.throwIfAborted();
    await pool.runAll(toTasks(selections, options), (result) => {
      report.add(result);
    });
  } finally {
    options.signal?.removeEventListener('abort', stop);
    await pool.close();
  }
}

function* toTasks(
  selections: readonly Selection[],
  options: ReadOptions,
): Generator<ReadTask> {
  for (const { volume, table, indices } of selections) {
    const place = placeOfVolume(volume) ?? volume;

    for (const planned of planReads(table, indices)) {
      yield toTask(place, table, planned, options);
    }
  }
}

function toTask(
  volume: VolumePlace,
  table: EntryTable,
  planned: PlannedRead,
  { rules, isTolerant = false }: ReadOptions,
): ReadTask {
  const { columns } = table.gather(planned.indices);
  const { startBytes, endBytes, isLarge } = planned;

  return {
    volume,
    columns,
    startBytes,
    endBytes,
    isLarge,
    rules,
    isTolerant,
  };
}

/** Every entry of a volume. */
export function selectAll(
  volume: VolumeFileInfo,
  table: EntryTable,
): Selection {
  return {
    volume,
    table,
    indices: IndexRuns.below(table.count),
  };
}

import { canThreadsRead } from '../volume-handle.js';
import {
  GrowingReport,
  type ReadOptions,
  type ReadReport,
} from './read-report.js';
import { ReadingThreads } from './reading-threads.js';
import { type Selection, toTasks } from './selection.js';
import { TaskReader } from './task-reader.js';

export type { ReadOptions } from './read-report.js';
export { type Selection, selectAll } from './selection.js';

const FEW_ITEMS = 1000;
const FEW_BYTES = 8 << 20;

/**
 * Inflates and checks entries in worker threads, and writes them where the rules say. Damaged entries are listed.
 * @throws {Error} when a volume cannot be read or a target cannot be written
 */
export async function readSelections(
  selections: readonly Selection[],
  options: ReadOptions,
): Promise<ReadReport> {
  const report = new GrowingReport(options);
  for (const selection of selections) report.expect(selection);
  report.expectNoMore();

  const { totalItems, totalBytes } = report;
  // A few entries are read sooner than a thread is started.
  const isLittle = totalItems <= FEW_ITEMS && totalBytes <= FEW_BYTES;
  if (!isLittle && selections.every(({ volume }) => canThreadsRead(volume))) {
    return readInThreads(selections, options, report);
  }

  await readHere(selections, options, report);

  return report;
}

async function readHere(
  selections: readonly Selection[],
  options: ReadOptions,
  report: GrowingReport,
): Promise<void> {
  const reader = new TaskReader();
  try {
    for (const selection of selections) {
      for (const task of toTasks(selection, selection.volume, options)) {
        options.signal?.throwIfAborted();
        report.add(await reader.read(task));
      }
    }
  } finally {
    reader.close();
  }
}

async function readInThreads(
  selections: readonly Selection[],
  options: ReadOptions,
  report: GrowingReport,
): Promise<ReadReport> {
  const threads = new ReadingThreads(options, report);

  try {
    for (const selection of selections) threads.handOut(selection);

    return await threads.finish();
  } finally {
    await threads.close();
  }
}

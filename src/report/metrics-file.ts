import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../errors.js';
import { replaceOrdinaryFile } from '../platform/atomic-file.js';
import type { Clock } from '../platform/clock.js';
import { acquireLock } from '../platform/lock.js';
import { metricsText } from './metrics.js';
import type { RunReport } from './run-report.js';

const LOCK_WAIT_MS = 5000;

/**
 * Replaces the textfile as a whole, so that the node exporter reads the old or the new one; other users may read it.
 * @throws {Error} the operating system's, when it cannot be read or written; the old file is untouched then
 */
export async function writeMetricsFile(
  path: string,
  report: RunReport,
  clock: Clock,
): Promise<void> {
  // Two runs may end together, and each keeps what the other said about its own type.
  const lock = await acquireLock({
    path: join(dirname(path), `.${basename(path)}.lock`),
    what: 'the metrics file',
    command: report.command,
    clock,
    waitMs: LOCK_WAIT_MS,
  });

  try {
    replaceOrdinaryFile(
      path,
      Buffer.from(metricsText(readPrevious(path), report)),
      0o644,
    );
  } finally {
    lock.release();
  }
}

function readPrevious(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}

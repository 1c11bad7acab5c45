import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../errors.js';
import { replaceOrdinaryFile } from '../platform/atomic-file.js';
import type { Clock } from '../platform/clock.js';
import { acquireLock } from '../platform/lock.js';
import { checkMetricsText } from './check-metrics.js';
import type { CheckReport } from './check-report.js';
import { type HistoryFacts, historyMetricsText } from './history-metrics.js';
import { metricsText } from './metrics.js';
import type { RunReport } from './run-report.js';
import { type StateFacts, stateMetricsText } from './state-metrics.js';

const LOCK_WAIT_MS = 5000;

/**
 * Replaces the textfile as a whole, so that the node exporter reads the old or the new one; other users may read it.
 * @throws {Error} the operating system's, when it cannot be read or written; the old file is untouched then
 */
export function writeMetricsFile(
  path: string,
  report: RunReport,
  clock: Clock,
): Promise<void> {
  const { command } = report;

  return replaceMetrics(path, { command, clock }, (previous) =>
    metricsText(previous, report),
  );
}

/** The same with the end of a verify or a drill. */
export function writeCheckMetrics(
  path: string,
  report: CheckReport,
  clock: Clock,
): Promise<void> {
  const { command } = report;

  return replaceMetrics(path, { command, clock }, (previous) =>
    checkMetricsText(previous, report),
  );
}

/** The same with what the history says. */
export function writeHistoryMetrics(
  path: string,
  facts: HistoryFacts,
  clock: Clock,
): Promise<void> {
  return replaceMetrics(path, { command: 'history', clock }, (previous) =>
    historyMetricsText(previous, facts),
  );
}

/** The same with the state of the backups. */
export function writeStateMetrics(
  path: string,
  facts: StateFacts,
  clock: Clock,
): Promise<void> {
  return replaceMetrics(path, { command: 'status', clock }, (previous) =>
    stateMetricsText(previous, facts),
  );
}

async function replaceMetrics(
  path: string,
  { command, clock }: { readonly command: string; readonly clock: Clock },
  toText: (previous: string) => string,
): Promise<void> {
  // Two runs may end together, and each keeps what the other said about its own type.
  const lock = await acquireLock({
    path: join(dirname(path), `.${basename(path)}.lock`),
    what: 'the metrics file',
    command,
    clock,
    waitMs: LOCK_WAIT_MS,
  });

  try {
    replaceOrdinaryFile(path, Buffer.from(toText(readPrevious(path))), 0o644);
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

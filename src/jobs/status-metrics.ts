/** The state of the backups for Prometheus, also where it cannot be read. */
import type { Clock } from '../platform/clock.js';
import {
  writeHistoryMetrics,
  writeStateMetrics,
} from '../report/metrics-file.js';
import type { StateFacts } from '../report/state-metrics.js';
import type { StatusLevel } from '../status/status-report.js';
import type { CollectedStatus } from './collect-status.js';

/** The verdicts, in the order of monitoring systems: each is its exit code. */
export const STATUS_LEVELS: readonly StatusLevel[] = [
  'ok',
  'warning',
  'critical',
  'unknown',
];

export interface MetricsOptions {
  readonly clock: Clock;
  /** The limit that was looked with. */
  readonly maxAgeMs: number | undefined;
}

/**
 * Writes the textfile.
 * @param status undefined: the state cannot be read, which is all that the file then says of it
 * @throws {Error} the operating system's, when it cannot be written; the old file is untouched then
 */
export async function writeStatusMetrics(
  path: string,
  status: CollectedStatus | undefined,
  options: MetricsOptions,
): Promise<void> {
  const facts = status ? stateFacts(status) : { level: 3 };
  const { clock, maxAgeMs } = options;

  if (status) await writeHistoryMetrics(path, status.historyFacts, clock);
  await writeStateMetrics(path, { ...facts, at: clock(), maxAgeMs }, clock);
}

function stateFacts({
  report,
  nextRuns: [next],
  mailArchive,
  mirror,
}: CollectedStatus): Omit<StateFacts, 'at'> {
  return {
    level: STATUS_LEVELS.indexOf(report.level),
    warnings: report.warnings.length,
    newestRecoverable: report.newestRecoverable?.takenAt,
    last: report.last,
    archives: report.archives,
    sizeBytes: report.sizeBytes,
    freeBytes: report.freeBytes,
    nextRun: next?.at,
    mailArchive: mailArchive?.takenAt,
    mirrorBehindMs: mirror?.behindMs,
  };
}

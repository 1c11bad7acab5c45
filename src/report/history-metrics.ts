/** What the history says of the backups, for Prometheus: also of nights that failed before they knew anything. Pure. */
import { METRIC_PREFIX, metricBlock, otherLines } from './metric-text.js';

/** An undefined number is not known, and has no metric. */
export interface HistoryFacts {
  /** The exit code of the last backup; -1: it was killed. Undefined: none ended yet. */
  readonly exitCode: number | undefined;
  readonly lastRunAt: Date | undefined;
  readonly failing:
    { readonly since: Date; readonly nights: number } | undefined;
  readonly lastSuccessAt: Date | undefined;
  /** Tasks of the schedule and of `[tasks]` that fell due and were not done. */
  readonly missedTasks: number | undefined;
}

/** The textfile with it: what it says of other things stays. */
export function historyMetricsText(
  previous: string,
  facts: HistoryFacts,
): string {
  const { exitCode, lastRunAt, failing, lastSuccessAt, missedTasks } = facts;
  const nights = lastRunAt ? (failing?.nights ?? 0) : undefined;

  return [
    otherLines(previous, 'history'),
    block(
      'last_run_exit_code',
      'The exit code of the last backup of any type, -1 where it was killed.',
      exitCode,
    ),
    block(
      'last_run_timestamp_seconds',
      'When the last backup of any type ended, or began where it was killed.',
      seconds(lastRunAt),
    ),
    block(
      'failing_nights',
      'Days in a row on which backups failed, 0 where the last one did not.',
      nights,
    ),
    block(
      'failing_since_timestamp_seconds',
      'When the first of the backups began that fail since.',
      seconds(failing?.since),
    ),
    block(
      'last_success_timestamp_seconds',
      'When the last backup ended that published an archive.',
      seconds(lastSuccessAt),
    ),
    block(
      'missed_tasks',
      'Tasks of the schedule that fell due and were not done.',
      missedTasks,
    ),
  ].join('');
}

function block(name: string, help: string, value: number | undefined): string {
  const full = `${METRIC_PREFIX}history_${name}`;

  return metricBlock(full, help, value === undefined ? [] : [[full, value]]);
}

function seconds(moment: Date | undefined): number | undefined {
  return moment && Math.floor(moment.getTime() / 1000);
}

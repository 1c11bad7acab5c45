/** The numbers of a verify or a drill for Prometheus. Pure: the text in, the text out. */
import type { CheckReport } from './check-report.js';
import { METRIC_PREFIX, metricBlock, otherLines } from './metric-text.js';

/** The textfile after such a run: what it says of backups, of the state and of the other kind of check stays. */
export function checkMetricsText(
  previous: string,
  report: CheckReport,
): string {
  const { command, startedAt, finishedAt, exitCode } = report;
  const tookMs = finishedAt.getTime() - startedAt.getTime();

  const blocks = [
    block(previous, command, {
      name: 'last_exit_code',
      help: 'The exit code of the last verify or drill.',
      value: exitCode,
    }),
    block(previous, command, {
      name: 'last_run_timestamp_seconds',
      help: 'When the last verify or drill ended.',
      value: seconds(finishedAt),
    }),
    block(previous, command, {
      name: 'last_duration_seconds',
      help: 'How long the last verify or drill took.',
      value: tookMs / 1000,
    }),
    block(previous, command, {
      name: 'last_success_timestamp_seconds',
      help: 'When the last verify or drill ended that found everything sound.',
      value: exitCode === 0 ? seconds(finishedAt) : undefined,
    }),
  ];

  return otherLines(previous, 'check') + blocks.join('');
}

interface CheckMetric {
  readonly name: string;
  readonly help: string;
  /** Undefined keeps the value of an earlier run. */
  readonly value: number | undefined;
}

function block(
  previous: string,
  command: CheckReport['command'],
  { name, help, value }: CheckMetric,
): string {
  const full = `${METRIC_PREFIX}check_${name}`;
  const samples = new Map<string, string>();

  for (const line of previous.split(/\r?\n/)) {
    const [key = '', known = ''] = line.split(' ');
    if (key.startsWith(`${full}{`)) samples.set(key, known);
  }

  if (value !== undefined) {
    samples.set(`${full}{type="${command}"}`, String(value));
  }

  return metricBlock(full, help, [...samples].sort());
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

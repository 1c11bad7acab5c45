import { METRIC_PREFIX, metricBlock, otherLines } from './metric-text.js';
import {
  type ArchiveFacts,
  durationMsOf,
  type RunReport,
} from './run-report.js';

/** A run's numbers for Prometheus. Pure: the text in, the text out. */

interface Metric {
  readonly name: string;
  readonly help: string;
  /** Undefined keeps the value of an earlier run. */
  readonly value: number | undefined;
  /** Not of one type of backup, but of the directory. */
  readonly isShared?: boolean;
}

const SAMPLE_PATTERN =
  /^(kms_backup_[a-z_]+)(\{type="(?:full|differential|copy)"\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

/**
 * The textfile after a run: what earlier runs of other types said stays, and a failed run leaves everything about the
 * last success as it was, and so stays what the file says of the state. `previous` is its present text; lines that are not ours are
 * dropped.
 */
export function metricsText(previous: string, report: RunReport): string {
  const samples = new Map<string, string>();
  for (const line of previous.split(/\r?\n/)) {
    const [, name, labels, value] = SAMPLE_PATTERN.exec(line) ?? [];
    if (name !== undefined && value !== undefined) {
      samples.set(name + (labels ?? ''), value);
    }
  }

  const metrics = metricsOf(report);
  for (const { name, value, isShared } of metrics) {
    const key =
      METRIC_PREFIX + name + (isShared ? '' : `{type="${report.type}"}`);
    if (value !== undefined) samples.set(key, String(value));
  }

  const blocks = metrics.map((metric) => blockOf(metric, samples));

  return blocks.join('') + otherLines(previous, 'backup');
}

function blockOf(
  { name, help }: Metric,
  samples: ReadonlyMap<string, string>,
): string {
  const full = METRIC_PREFIX + name;
  const lines = [...samples]
    .filter(([key]) => key === full || key.startsWith(`${full}{`))
    .sort();

  return metricBlock(full, help, lines);
}

function metricsOf(report: RunReport): Metric[] {
  const finished = Math.floor(report.finishedAt.getTime() / 1000);
  const seconds = durationMsOf(report) / 1000;

  const run: Metric[] = [
    {
      name: 'last_run_timestamp_seconds',
      help: 'When the last run ended, well or not.',
      value: finished,
    },
    {
      name: 'last_run_exit_code',
      help: 'The exit code of the last run.',
      value: report.exitCode,
    },
    {
      name: 'last_run_duration_seconds',
      help: 'How long the last run took.',
      value: seconds,
    },
    {
      name: 'last_run_skipped_files',
      help: 'Files that the last run left out.',
      value: report.skipped.length,
    },
    {
      name: 'last_run_warnings',
      help: 'Warnings of the last run.',
      value: report.warnings.length,
    },
  ];

  return [...run, ...successMetrics(report, finished, seconds)];
}

function keptArchives({ rotation }: RunReport): number | undefined {
  if (!rotation) return undefined;

  const { complete, differentials, pinned, others } = rotation.kept;

  return complete + differentials + pinned + others;
}

/** All without a value where the run published nothing: what was true of the last success stays. */
function successMetrics(
  report: RunReport,
  finished: number,
  seconds: number,
): Metric[] {
  const archive = report.outcome === 'failed' ? undefined : report.archive;
  const verified = archive?.verifiedEntries === undefined ? 0 : 1;
  const last = 'the last archive that was published';

  return [
    {
      name: 'last_success_timestamp_seconds',
      help: `When ${last} was finished.`,
      value: archive && finished,
    },
    {
      name: 'last_success_duration_seconds',
      help: `How long ${last} took.`,
      value: archive && seconds,
    },
    ...contentMetrics(archive, last),
    {
      name: 'last_success_verified',
      help: `1 where ${last} was read back.`,
      value: archive && verified,
    },
    {
      name: 'archives',
      help: 'Archives kept in the backup directory.',
      value: keptArchives(report),
      isShared: true,
    },
  ];
}

function contentMetrics(
  archive: ArchiveFacts | undefined,
  last: string,
): Metric[] {
  return [
    {
      name: 'last_success_size_bytes',
      help: `Bytes of mail in ${last}.`,
      value: archive?.sizeBytes,
    },
    {
      name: 'last_success_compressed_bytes',
      help: `Bytes of ${last} on the disk.`,
      value: archive?.compressedBytes,
    },
    {
      name: 'last_success_messages',
      help: `Messages found by ${last}.`,
      value: archive?.messages.total,
    },
    {
      name: 'last_success_new_messages',
      help: `New messages in ${last}.`,
      value: archive?.messages.new,
    },
    {
      name: 'last_success_volumes',
      help: `Volumes of ${last}.`,
      value: archive?.volumes,
    },
  ];
}

/** What the history says is wrong: a backup that failed or left files out, another command that failed. */
import { findBackupRuns, hasFailed } from '../history/backup-runs.js';
import type { HistoryRun } from '../history/history-run.js';
import { formatWeekdayMoment } from '../platform/dates.js';
import { plural } from '../platform/units.js';
import { critical, type StatusWarning, warning } from './warning.js';

/** Other commands whose failure is a matter of the backups. */
const WATCHED = ['verify', 'drill', 'replicate', 'rotate'];
/** What failed so long ago, and was never called again, is nobody's concern today. */
const LONGEST_CONCERN_MS = 8 * 86_400_000;

export function runWarnings(
  runs: readonly HistoryRun[],
  place: string,
  now: Date,
): StatusWarning[] {
  const { last, failing } = findBackupRuns(runs, place);

  return [
    ...(failing && last ? [failureOf(last, failing)] : []),
    ...(last ? incompleteness(last) : []),
    ...(last ? untoldOf(last) : []),
    ...WATCHED.flatMap((command) => failureOfLast(command, runs, place, now)),
  ];
}

/** `the backup FAILED since Tue 2026-11-24 01:00 CET, 3 nights: no space left`. */
function failureOf(
  last: HistoryRun,
  { since, nights }: { since: Date; nights: number },
): StatusWarning {
  const when = formatWeekdayMoment(since);
  if (nights === 1) {
    return warning(`the last backup FAILED, ${when}: ${reasonOf(last)}`);
  }

  return critical(
    `the backup FAILED since ${when}, ${plural(nights, 'night')}: ${reasonOf(last)}`,
  );
}

/** Why a run failed, in the words that it was told in. */
function reasonOf({ state, error, exitCode }: HistoryRun): string {
  if (state === 'died') {
    return 'it began and never ended: it was killed, or the machine went down';
  }

  return error?.message ?? `exit code ${String(exitCode ?? 1)}`;
}

/** A failure that not everybody was told of, who wanted to be. */
function untoldOf({ facts: { untold = [] } }: HistoryRun): StatusWarning[] {
  if (untold.length === 0) return [];

  return [
    warning(
      `its failure was not told everywhere: ${untold.map(firstLine).join('; ')}`,
    ),
  ];
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

function incompleteness({
  state,
  startedAt,
  facts: { leftOut = 0 },
}: HistoryRun): StatusWarning[] {
  if (state !== 'incomplete' || leftOut === 0) return [];

  return [
    warning(
      `the last backup, ${formatWeekdayMoment(startedAt)}, left out ${plural(leftOut, 'file')}`,
    ),
  ];
}

/** The failure of the last run of a command, unless somebody stopped it by hand. */
function failureOfLast(
  command: string,
  runs: readonly HistoryRun[],
  place: string,
  now: Date,
): StatusWarning[] {
  const last = runs.findLast(
    (run) =>
      run.command === command &&
      run.state !== 'running' &&
      (run.place === undefined || run.place === place),
  );

  if (!last || !hasFailed(last) || last.state === 'interrupted') return [];
  if (now.getTime() - last.startedAt.getTime() > LONGEST_CONCERN_MS) return [];

  return [
    warning(
      `the last ${command} failed, ${formatWeekdayMoment(last.startedAt)}: ${reasonOf(last)}`,
    ),
  ];
}

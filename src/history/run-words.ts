/** The last backup in words, for every screen alike. */
import { formatWeekdayMoment } from '../platform/dates.js';
import { formatDuration, plural } from '../platform/units.js';
import type { BackupRuns } from './backup-runs.js';
import type { HistoryRun } from './history-run.js';
import type { RunProgress } from './progress-file.js';

/** `FAILED since Tue 2026-11-24 01:00 CET, 3 nights` or `done Tue 2026-11-24 01:00 CET, backup full, F….zip`. */
export function describeLastRun({
  last,
  failing,
}: BackupRuns): string | undefined {
  if (!last) return undefined;

  if (failing) {
    const since = formatWeekdayMoment(failing.since);
    return `FAILED since ${since}, ${plural(failing.nights, 'night')}`;
  }

  const { state, startedAt, command, facts } = last;
  const first = `${state} ${formatWeekdayMoment(startedAt)}, ${command}`;

  return facts.archive === undefined ? first : `${first}, ${facts.archive}`;
}

/** `backup full since Tue 2026-11-24 01:00 CET, writing 41.7 %, 3:07 left`. */
export function describeRunning(
  { command, startedAt }: HistoryRun,
  progress: RunProgress | undefined,
): string {
  const first = `${command} since ${formatWeekdayMoment(startedAt)}`;
  if (!progress) return first;

  const { phase, isOfRun, percent, leftMs } = progress;
  const share = percent === undefined ? '' : ` ${percent.toFixed(1)} %`;
  const what = isOfRun ? 'left' : 'left of that';
  const left =
    leftMs === undefined ? '' : `, ${formatDuration(leftMs)} ${what}`;

  return `${first}, ${phase}${share}${left}`;
}

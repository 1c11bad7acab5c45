/** When somebody last worked through the schedule. */
import type { ArchiveState } from '../archive/archive-state.js';
import { isMistyped } from '../history/backup-runs.js';
import type { HistoryRun } from '../history/history-run.js';

/** Well or not; undefined where nothing tells. */
export function evidenceOf(
  history: readonly HistoryRun[],
  states: readonly ArchiveState[] | undefined,
): Date | undefined {
  const moments = [
    ...history
      .filter((run) => run.command.startsWith('backup ') && !isMistyped(run))
      .map(({ startedAt }) => startedAt.getTime()),
    ...(states ?? []).map(({ facts }) => facts.files.takenAt.getTime()),
  ];

  return moments.length > 0 ? new Date(Math.max(...moments)) : undefined;
}

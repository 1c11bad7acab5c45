/** When somebody last worked through the schedule. */
import type { ArchiveState } from '../archive/archive-state.js';
import type { HistoryRun } from '../history/history-run.js';

/** Well or not; undefined where nothing tells. */
export function evidenceOf(
  history: readonly HistoryRun[],
  states: readonly ArchiveState[] | undefined,
): Date | undefined {
  const moments = [
    ...history
      .filter(({ command }) => command.startsWith('backup '))
      .map(({ startedAt }) => startedAt.getTime()),
    ...(states ?? []).map(({ facts }) => facts.files.takenAt.getTime()),
  ];

  return moments.length > 0 ? new Date(Math.max(...moments)) : undefined;
}

/** What the history says of the backups into a place, in numbers. Pure. */
import { findBackupRuns } from '../history/backup-runs.js';
import type { HistoryRun } from '../history/history-run.js';
import type { HistoryFacts } from '../report/history-metrics.js';

/** @param missedTasks undefined where nobody knows the schedule */
export function historyFacts(
  place: string,
  history: readonly HistoryRun[],
  missedTasks: number | undefined,
): HistoryFacts {
  const { last, failing, lastGood } = findBackupRuns(history, place);

  return {
    exitCode: last && (last.exitCode ?? -1),
    lastRunAt: endOf(last),
    failing,
    lastSuccessAt: endOf(lastGood),
    missedTasks,
  };
}

function endOf(run: HistoryRun | undefined): Date | undefined {
  return run?.endedAt ?? run?.startedAt;
}

/** What was worked through of the schedule and of `[tasks]`, and what was missed of both. */
import type { ArchiveState } from '../archive/archive-state.js';
import type { HistoryRun } from '../history/history-run.js';
import type { Clock } from '../platform/clock.js';
import { readProgress, type ScheduleProgress } from '../schedule/progress.js';
import { missedOwnTasks } from './own-tasks.js';
import { evidenceOf } from './run-evidence.js';
import type { OpenServer } from './server.js';

interface TaskQuestion {
  readonly server: OpenServer;
  readonly clock: Clock;
  readonly settingsFaults?: readonly string[] | undefined;
}

export interface WorkedTasks {
  readonly progress: ScheduleProgress;
  /** A sentence for each task of `[tasks]`. */
  readonly missedOwn: readonly string[];
  /** Of both; undefined where settings cannot be read: nobody knows what was due. */
  readonly missed: number | undefined;
}

export function lookAtTasks(
  { server, clock, settingsFaults = [] }: TaskQuestion,
  history: readonly HistoryRun[],
  states: readonly ArchiveState[] | undefined,
): WorkedTasks {
  const now = clock();
  const progress = readProgress(server, now, evidenceOf(history, states));
  const missedOwn = missedOwnTasks(server.installation, history, now);
  const isKnown = settingsFaults.length === 0;
  const missed = isKnown ? progress.missed + missedOwn.length : undefined;

  return { progress, missedOwn, missed };
}

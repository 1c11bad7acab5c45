/** The tasks of kms-backup.ini that fell due and were not done. */
import { formatWeekdayMoment } from '../platform/dates.js';
import type { Installation } from '../server/installation.js';
import { lastDue, type OwnTask, type OwnTaskName } from './own-tasks.js';
import { findScheduleRun } from './run.js';
import { readTaskStates } from './task-state.js';

/** The things that tell when a task was done. */
export interface TaskEvidence {
  /** The last run of that command, whoever called it. */
  readonly lastRun: (name: OwnTaskName) => Date | undefined;
  /** When kms-backup.ini was written: what fell due before was not asked for. */
  readonly askedSince: Date;
}

/** A call an hour later does what the first could not; then it is time to ask. */
const GRACE_MS = 2 * 3_600_000;

/** A sentence for each. What fell due before a call of `schedule run` that is at work, that one will do. @throws {FailedError} when the state cannot be read */
export function describeMissedTasks(
  installation: Installation,
  tasks: readonly OwnTask[],
  { evidence, now }: { readonly evidence: TaskEvidence; readonly now: Date },
): string[] {
  if (tasks.length === 0) return [];

  const atWork = findScheduleRun(installation);
  const limit = new Date(now.getTime() - GRACE_MS);
  const states = readTaskStates(installation);

  return tasks.flatMap((task) => {
    const handled = states.get(task.name)?.handledUntil;
    const since = latest([handled, evidence.lastRun(task.name), atWork?.since]);
    const dueAt = lastDue(task, since ?? evidence.askedSince, limit);
    if (!dueAt) return [];

    const idle = handled ? '' : ': nothing calls schedule run';
    const who = atWork ? `: still at work is ${atWork.fact}` : idle;

    return [
      `the ${task.name} of [tasks] that was due ${formatWeekdayMoment(dueAt)} was not made${who}`,
    ];
  });
}

function latest(moments: readonly (Date | undefined)[]): Date | undefined {
  return moments
    .filter((moment) => moment !== undefined)
    .sort((a, b) => a.getTime() - b.getTime())
    .at(-1);
}

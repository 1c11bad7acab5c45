import { formatAge } from '../platform/units.js';
import type { Installation } from '../server/installation.js';
import type { ServerSettings } from '../server/settings.js';
import { planDue } from './plan-due.js';
import { isScheduleRunning } from './run.js';
import { type LastRun, readScheduleState } from './state.js';

/** Says whether anybody works through the schedule, and names its faults. */
export interface ScheduleProgress {
  readonly isWorkedThrough: boolean;
  /** The last backup that `schedule run` made; undefined where the server works through the schedule, or nobody has. */
  readonly lastRun: LastRun | undefined;
  readonly warnings: readonly string[];
}

/** An entry in the operating system's scheduler calls a second time an hour later; then it is time to ask. */
const GRACE_MS = 2 * 3_600_000;

/**
 * Finds who works through the schedule: the server while backup is enabled; else `schedule run`, where its state shows that it has
 * before, and that it goes on.
 */
export function readProgress(
  installation: Installation,
  settings: ServerSettings,
  now: Date,
): ScheduleProgress {
  const tasks = settings.schedule.filter(({ isEnabled }) => isEnabled);
  const empty =
    tasks.length === 0 ? ['no task of the schedule is enabled'] : [];
  if (settings.backupEnabled) {
    return { isWorkedThrough: true, lastRun: undefined, warnings: empty };
  }

  const state = readScheduleState(installation);
  if (
    state === undefined ||
    state === 'damaged' ||
    state.handledUntil === undefined
  ) {
    return {
      isWorkedThrough: false,
      lastRun: undefined,
      warnings: ['backup is disabled in mailserver.cfg'],
    };
  }

  const { handledUntil, lastRun } = state;
  const { moments } = planDue(
    tasks,
    handledUntil,
    new Date(now.getTime() - GRACE_MS),
  );

  const [missed] = isScheduleRunning(installation) ? [] : moments;
  if (!missed) return { isWorkedThrough: true, lastRun, warnings: empty };

  const age = formatAge(now.getTime() - missed.at.getTime());
  const fact = `the ${missed.task.type} backup that was due ${age} ago was not made: nothing calls schedule run`;

  return { isWorkedThrough: true, lastRun, warnings: [fact] };
}

import type { ScheduleTask } from '../server/schedule-tasks.js';
import { nextMoments, type WeeklyTime } from './cron.js';

/** A moment at which a task of the schedule runs. */
export interface TaskMoment {
  readonly task: ScheduleTask;
  /** Counted from 1, as `schedule list` shows it. */
  readonly number: number;
  readonly at: Date;
}

/** The backup that is due now. */
export interface DuePlan {
  /** One backup for everything that fell due: a full one where any full task did. Undefined: nothing is due. */
  readonly type: 'full' | 'differential' | undefined;
  /** The last moment of each task that fell due, oldest first. */
  readonly moments: readonly TaskMoment[];
  /** The state lies in the future: the clock was set back. */
  readonly isFromFuture: boolean;
}

const WEEK_MS = 7 * 86_400_000;
/** A clock that daylight saving or its keeper set back a little is no reason to do last night's work again. */
const CLOCK_TOLERANCE_MS = 25 * 3_600_000;

/**
 * The backup that fell due after `since` and not after `now`. Several missed moments make one backup.
 * Example: full on Sunday 01:00, differentials on the other days, machine off from Saturday noon to Monday noon: one full.
 * @param since undefined where nothing was ever done: then each task's last moment counts
 */
export function planDue(
  tasks: readonly ScheduleTask[],
  since: Date | undefined,
  now: Date,
): DuePlan {
  const isFromFuture =
    since !== undefined && since.getTime() > now.getTime() + CLOCK_TOLERANCE_MS;
  const floor =
    since === undefined || isFromFuture ? -Infinity : since.getTime();

  const moments = tasks
    .map((task, index) => ({
      task,
      number: index + 1,
      at: lastMoment(task, now),
    }))
    .filter(({ task, at }) => task.isEnabled && at.getTime() > floor)
    .sort((a, b) => a.at.getTime() - b.at.getTime() || a.number - b.number);

  if (moments.length === 0) return { type: undefined, moments, isFromFuture };

  const hasFull = moments.some(({ task }) => task.type === 'full');

  return { type: hasFull ? 'full' : 'differential', moments, isFromFuture };
}

/** The task's last moment that is not after `now`. */
export function lastMoment(task: WeeklyTime, now: Date): Date {
  // A week and a day: a clock change may stretch the week by an hour.
  const start = new Date(now.getTime() - WEEK_MS - 86_400_000);
  const candidates = nextMoments(task, start, 2).filter(
    (at) => at.getTime() <= now.getTime(),
  );
  return candidates.at(-1) ?? start;
}

/** The next `count` moments of all enabled tasks together, earliest first. */
export function planNext(
  tasks: readonly ScheduleTask[],
  after: Date,
  count: number,
): readonly TaskMoment[] {
  return tasks
    .flatMap((task, index) =>
      task.isEnabled
        ? nextMoments(task, after, count).map((at) => ({
            task,
            number: index + 1,
            at,
          }))
        : [],
    )
    .sort((a, b) => a.at.getTime() - b.at.getTime() || a.number - b.number)
    .slice(0, count);
}

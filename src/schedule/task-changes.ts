import { randomUUID } from 'node:crypto';
import { NotFoundError, UsageError } from '../errors.js';
import type { ConfigChange, ItemValues } from '../server/config/change.js';
import type { ScheduleTask } from '../server/schedule-tasks.js';
import type { WeeklyTime } from './cron.js';

const LIST = 'StoreBackupSchedule';

/** The tasks of the present schedule; undefined for a task with an impossible value. */
type Tasks = readonly (ScheduleTask | undefined)[];

/** A task before it has a Guid. */
export type NewTask = Omit<ScheduleTask, 'guid'>;

/** The server's default schedule: a full backup on Sunday, differentials on the other days, at 01:00. */
const DEFAULT_TASKS: readonly NewTask[] = [7, 1, 2, 3, 4, 5, 6].map((day) => ({
  type: day === 7 ? 'full' : 'differential',
  day,
  timeSeconds: 3600,
  description: '',
  isEnabled: true,
}));

/** New tasks of one type, one for each time. */
export function tasksAt(
  times: readonly WeeklyTime[],
  rest: Omit<NewTask, keyof WeeklyTime>,
): NewTask[] {
  return times.map((time) => ({ ...time, ...rest }));
}

/** Changes that add tasks at the end of the list; tasks that are there already, in every respect but the Guid, are left out. */
export function planAdd(
  present: Tasks,
  tasks: readonly NewTask[],
): ConfigChange[] {
  const known = new Set(present.map(fingerprint));
  return tasks
    .filter((task) => !known.has(fingerprint(task)))
    .map((task) => ({
      kind: 'add-item',
      list: LIST,
      values: itemValues(task),
    }));
}

/** Changes that remove the tasks at these positions, counted from 0. */
export function planRemove(positions: readonly number[]): ConfigChange[] {
  return positions
    .toSorted((a, b) => b - a)
    .map((index) => ({ kind: 'remove-item', list: LIST, index }));
}

/** Changes that make the default schedule of whatever is there; none where it is the default already. */
export function planReset(present: Tasks): ConfigChange[] {
  const wanted = DEFAULT_TASKS.map(fingerprint).sort();
  if (
    JSON.stringify(present.map(fingerprint).sort()) === JSON.stringify(wanted)
  ) {
    return [];
  }

  return [
    ...planRemove(present.map((_, index) => index)),
    ...planAdd([], DEFAULT_TASKS),
  ];
}

/** Changes that give the tasks at these positions new values; what is undefined stays. */
export function planTaskEdit(
  present: Tasks,
  positions: readonly number[],
  values: { readonly [Key in keyof NewTask]?: NewTask[Key] | undefined },
): ConfigChange[] {
  return positions.flatMap((index) => {
    const old = present[index];
    if (!old) return [];

    const given = Object.fromEntries(
      Object.entries(values).filter(([, value]) => value !== undefined),
    );
    const wanted = new Map(itemValues({ ...old, ...given }));
    const before = new Map(itemValues(old));

    return ['Format', 'Date', 'Time', 'Description', 'Enabled']
      .filter((name) => wanted.get(name) !== before.get(name))
      .map((name) => ({
        kind: 'set-in-item',
        list: LIST,
        index,
        name,
        value: wanted.get(name) ?? '',
      }));
  });
}

/**
 * The positions, counted from 0, of tasks named by their number in the list or by their Guid, in any case.
 * @throws {NotFoundError} naming the first that is not there
 * @throws {UsageError} when none is named
 */
export function findTaskPositions(
  present: Tasks,
  ids: readonly string[],
): number[] {
  if (ids.length === 0) {
    throw new UsageError('no task is named', {
      hints: ['Name tasks as schedule list shows them.'],
    });
  }

  const positions = ids.map((id) => {
    const byGuid = present.findIndex(
      (task) =>
        task &&
        task.guid !== '' &&
        task.guid.toLowerCase() === id.toLowerCase(),
    );

    const byNumber = /^\d+$/.test(id) ? Number(id) - 1 : -1;
    const position = byGuid === -1 ? byNumber : byGuid;

    if (position < 0 || position >= present.length) {
      throw new NotFoundError(
        `no task ${JSON.stringify(id)}; the schedule has ${present.length}`,
        {
          hints: ['Look at the numbers and Guids with schedule list.'],
        },
      );
    }

    return position;
  });

  return [...new Set(positions)];
}

/** In the server's order; DateTime is always empty. */
function itemValues(task: NewTask & { readonly guid?: string }): ItemValues {
  return [
    ['Format', task.type === 'full' ? '1' : '2'],
    ['Date', String(task.day)],
    ['Time', String(task.timeSeconds)],
    ['DateTime', ''],
    ['Description', task.description],
    ['Enabled', task.isEnabled ? '1' : '0'],
    ['Guid', task.guid ?? randomUUID()],
  ];
}

function fingerprint(task: NewTask | undefined): string {
  if (!task) return '';
  const { type, day, timeSeconds, description, isEnabled } = task;
  return JSON.stringify([type, day, timeSeconds, description, isEnabled]);
}

import { formatWeekdayMoment } from '../../platform/dates.js';
import { plainText } from '../../platform/plain-text.js';
import type { ListedOwnTask } from '../../schedule/own-tasks.js';
import type { TaskMoment } from '../../schedule/plan-due.js';
import { dayName, formatTime } from '../../schedule/week.js';
import type { ScheduleTask } from '../../server/schedule-tasks.js';
import { formatTable } from '../table.js';

/** A task as JSON gives it, numbered from 1. */
export function documentTask(task: ScheduleTask, index: number): object {
  const { type, day, timeSeconds, description, isEnabled, guid } = task;
  return {
    id: index + 1,
    guid,
    type,
    day: dayName(day),
    time: formatTime(timeSeconds),
    timeSeconds,
    description,
    isEnabled,
  };
}

/** The schedule as a table. */
export function formatTasks(tasks: readonly ScheduleTask[]): string {
  if (tasks.length === 0) return 'The schedule is empty.';

  const rows = tasks.map((task, index) => [
    String(index + 1),
    task.type,
    dayName(task.day),
    formatTime(task.timeSeconds),
    task.isEnabled ? 'yes' : 'no',
    task.guid || '-',
    plainText(task.description),
  ]);

  return formatTable(
    [['ID', 'TYPE', 'DAY', 'TIME', 'ENABLED', 'GUID', 'DESCRIPTION'], ...rows],
    ['GUID'],
  ).join('\n');
}

/** A coming run as JSON gives it. */
export function documentMoment({ task, number, at }: TaskMoment): object {
  return { id: number, type: task.type, at: at.toISOString() };
}

/** The coming runs as a table; none where there are none. */
export function formatNextRuns(moments: readonly TaskMoment[]): string[] {
  if (moments.length === 0) return [];

  const rows = moments.map(({ task, number, at }) => [
    formatWeekdayMoment(at),
    task.type,
    String(number),
    task.description,
  ]);

  return [
    formatTable([['NEXT RUN', 'TYPE', 'TASK', 'DESCRIPTION'], ...rows]).join(
      '\n',
    ),
  ];
}

/** The tasks of kms-backup.ini as a table; none where there are none. */
export function formatOwnTasks(tasks: readonly ListedOwnTask[]): string[] {
  if (tasks.length === 0) return [];

  const rows = tasks.map(({ task, when, next }) => [
    task,
    when,
    next ? formatWeekdayMoment(next) : '-',
  ]);

  return [
    formatTable([['ALSO (kms-backup.ini)', 'WHEN', 'NEXT RUN'], ...rows]).join(
      '\n',
    ),
  ];
}

import { Flags } from '@oclif/core';
import { UsageError } from '../errors.js';
import type { ScheduleEdit } from '../schedule/edit-schedule.js';
import type { SchedulerKind } from '../schedule/job.js';
import { dayName, formatTime } from '../schedule/week.js';
import type { ScheduleTask } from '../server/schedule-tasks.js';
import type { Outcome } from './command.js';
import { document } from './document.js';
import { EditCommand, formatDryRun } from './edit-command.js';
import { plainText } from '../platform/shell-words.js';
import { formatTable } from './table.js';

/** Where a schedule can be installed, as `--to` takes it. */
export const schedulerFlag = Flags.string({
  options: ['cron', 'systemd', 'launchd', 'schtasks'],
  required: true,
  summary: "The operating system's scheduler.",
});

/** The name of the entry, for several installations on one machine. */
export const nameFlag = Flags.string({
  default: 'kms-backup',
  helpValue: 'NAME',
  summary:
    "The entry's name in the operating system's scheduler; another for each further installation.",
});

/** What `--to` says; oclif has checked it. */
export function toSchedulerKind(word: string): SchedulerKind {
  return word as SchedulerKind;
}

/** `full` or `diff`, as people write it. */
export function toTaskType(word: string): 'full' | 'differential' {
  return word === 'full' ? 'full' : 'differential';
}

/** One or several words that name exactly one day. @throws {UsageError} */
export function requireOne<T>(values: readonly T[], what: string): T {
  const [first] = values;
  if (first === undefined || values.length > 1) {
    throw new UsageError(`${what} takes exactly one value here`);
  }

  return first;
}

/** The base of the commands that change the schedule. */
export abstract class ScheduleEditCommand extends EditCommand {
  protected present(edit: ScheduleEdit, isDryRun: boolean): Outcome {
    this.warnAll(edit.warnings);

    const { isChanged, tasks, warnings } = edit;

    const json = document('schedule-edit', {
      isChanged,
      isDryRun,
      tasks: tasks.map(toJson),
      warnings,
    });

    if (isDryRun) return { json, text: formatDryRun(edit.documents) };

    return {
      json,
      text: isChanged ? formatTasks(tasks) : 'Nothing to change.',
      isSummary: true,
    };
  }
}

/** A task as JSON gives it, numbered from 1. */
export function toJson(task: ScheduleTask, index: number): object {
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

  return formatTable([
    ['ID', 'TYPE', 'DAY', 'TIME', 'ENABLED', 'GUID', 'DESCRIPTION'],
    ...rows,
  ]).join('\n');
}

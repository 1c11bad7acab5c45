import { Flags } from '@oclif/core';
import { UsageError } from '../errors.js';
import type { ScheduleEdit } from '../schedule/edit-schedule.js';
import type { SchedulerKind } from '../schedule/job.js';
import type { Outcome } from './command.js';
import { document } from './document.js';
import { EditCommand, formatDryRun } from './edit-command.js';
import { documentTask, formatTasks } from './present/schedule.js';

/** The schedulers that `--to` accepts. */
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

/** Returns the value of `--to`, which oclif has checked. */
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
      tasks: tasks.map(documentTask),
      warnings,
    });

    if (isDryRun) return { json, text: formatDryRun(edit.report) };

    return {
      json,
      text: isChanged ? formatTasks(tasks) : 'Nothing to change.',
      isSummary: true,
    };
  }
}

import { Flags } from '@oclif/core';
import { LockedError, UsageError } from '../errors.js';
import type { ViaFlags } from '../jobs/via.js';
import { editSchedule, type ScheduleEdit } from '../schedule/edit-schedule.js';
import type { SchedulerKind } from '../schedule/job.js';
import type { Outcome } from './command.js';
import { document } from './document.js';
import { EditCommand, formatDryRun } from './edit-command.js';
import type { RestartFlags } from './restart-command.js';
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

type TaskPlan = Parameters<typeof editSchedule>[2];

/**
 * Numbers are those of the schedule that somebody looked at. When it becomes another one before it is edited, because the server wrote
 * its own as it stopped, they may mean other tasks.
 */
export function ofSeenTasks(ids: readonly string[], plan: TaskPlan): TaskPlan {
  const isByNumber = ids.some((id) => /^\d+$/.test(id));
  let seen: string | undefined;

  return (tasks) => {
    const present = JSON.stringify(tasks);
    seen ??= present;
    if (present === seen || !isByNumber) return plan(tasks);

    throw new LockedError(
      'the schedule became another one meanwhile, and the numbers may mean other tasks; nothing was changed',
      { hints: ['Look at it with schedule list, and name the tasks anew.'] },
    );
  };
}

/** The base of the commands that change the schedule. */
export abstract class ScheduleEditCommand extends EditCommand {
  protected editTasks(
    flags: ViaFlags & RestartFlags & { readonly force: boolean },
    plan: TaskPlan,
  ): Promise<ScheduleEdit> {
    return this.edit(flags, 'backup', ({ source }, options) =>
      editSchedule(source, options, plan),
    );
  }

  protected present(edit: ScheduleEdit, isDryRun: boolean): Outcome {
    this.warnAll(edit.warnings);

    const { isChanged, tasks, warnings } = edit;

    const json = document('schedule-edit', {
      isChanged,
      isDryRun,
      tasks: tasks.map(documentTask),
      warnings,
      ...this.downtime,
    });

    if (isDryRun) return { json, text: formatDryRun(edit.report) };

    return {
      json,
      text: isChanged ? formatTasks(tasks) : 'Nothing to change.',
      isSummary: true,
    };
  }
}

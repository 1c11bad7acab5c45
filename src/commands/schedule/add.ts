import { Flags } from '@oclif/core';
import { UsageError } from '../../errors.js';
import { parseCron, type WeeklyTime } from '../../schedule/cron.js';
import { planAdd, tasksAt } from '../../schedule/task-changes.js';
import { parseDays, parseTime } from '../../schedule/week.js';
import type { Outcome } from '../../ui/command.js';
import { editFlags } from '../../ui/edit-command.js';
import { withEnvironment } from '../../ui/flags.js';
import { viaFlags } from '../../ui/via-flag.js';
import { ScheduleEditCommand, toTaskType } from '../../ui/schedule-command.js';

export default class ScheduleAdd extends ScheduleEditCommand {
  static override summary = 'Add tasks to the backup schedule.';
  static override description =
    'One task for each day. A task that is there already, with the same type, day, time and description, is not added again.';
  static override examples = [
    '<%= config.bin %> schedule add --type full --day sun --time 01:00',
    '<%= config.bin %> schedule add --type diff --day weekdays --time 01:00 --description "every night"',
    '<%= config.bin %> schedule add --type diff --cron "0 1 * * 1-5"',
  ];
  static override flags = {
    ...editFlags,
    ...viaFlags,
    ...withEnvironment({
      type: Flags.string({
        options: ['full', 'diff'],
        required: true,
        summary: 'What the tasks do.',
      }),
      day: Flags.string({
        multiple: true,
        summary: 'mon … sun, daily, weekdays or weekend; repeatable.',
        helpValue: 'DAY',
      }),
      time: Flags.string({
        summary: 'Local time, 00:00 to 23:59.',
        helpValue: 'HH:MM',
      }),
      cron: Flags.string({
        summary:
          'Days and times as a cron expression, instead of --day and --time.',
        helpValue: 'EXPR',
      }),
      description: Flags.string({
        default: '',
        summary: 'Free text.',
        helpValue: 'TEXT',
      }),
      disabled: Flags.boolean({ summary: 'Add the tasks switched off.' }),
    }),
  };

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(ScheduleAdd);
    const tasks = tasksAt(timesOf(flags), {
      type: toTaskType(flags.type),
      description: flags.description,
      isEnabled: !flags.disabled,
    });

    const edit = await this.editTasks(flags, (present) =>
      planAdd(present, tasks),
    );

    return this.present(edit, flags['dry-run']);
  }
}

function timesOf(flags: {
  cron?: string | undefined;
  day?: string[] | undefined;
  time?: string | undefined;
}): WeeklyTime[] {
  if (flags.cron !== undefined) {
    if (flags.day || flags.time !== undefined) {
      throw new UsageError('--cron stands instead of --day and --time');
    }

    return parseCron(flags.cron);
  }

  if (!flags.day || flags.time === undefined) {
    throw new UsageError('a task needs --day and --time, or --cron', {
      hints: ['For example: schedule add --type full --day sun --time 01:00.'],
    });
  }

  const timeSeconds = parseTime(flags.time);

  return parseDays(flags.day).map((day) => ({ day, timeSeconds }));
}

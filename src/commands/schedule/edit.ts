import { Flags } from '@oclif/core';
import { UsageError } from '../../errors.js';
import {
  findTaskPositions,
  planTaskEdit,
} from '../../schedule/task-changes.js';
import { parseDays, parseTime } from '../../schedule/week.js';
import type { Outcome } from '../../ui/command.js';
import { editFlags } from '../../ui/edit-command.js';
import { withEnvironment } from '../../ui/flags.js';
import { viaFlags } from '../../ui/via-flag.js';
import {
  ofSeenTasks,
  requireOne,
  ScheduleEditCommand,
  toTaskType,
} from '../../ui/schedule-command.js';

export default class ScheduleEdit extends ScheduleEditCommand {
  static override summary = 'Change tasks of the backup schedule.';
  static override description =
    'What is not named stays. Tasks are named by their number in schedule list or by their Guid.';
  static override examples = [
    '<%= config.bin %> schedule edit 1 --time 02:30',
    '<%= config.bin %> schedule edit 2 3 4 --disabled',
  ];
  static override strict = false;
  static override usage =
    'schedule edit ID... [--type full|diff] [--day DAY] [--time HH:MM] [--description TEXT]';
  static override flags = {
    ...editFlags,
    ...viaFlags,
    ...withEnvironment({
      type: Flags.string({
        options: ['full', 'diff'],
        summary: 'What the tasks do.',
      }),
      day: Flags.string({ summary: 'mon … sun.', helpValue: 'DAY' }),
      time: Flags.string({
        summary: 'Local time, 00:00 to 23:59.',
        helpValue: 'HH:MM',
      }),
      description: Flags.string({ summary: 'Free text.', helpValue: 'TEXT' }),
      disabled: Flags.boolean({
        summary: 'Switch the tasks off.',
        exclusive: ['enabled'],
      }),
      enabled: Flags.boolean({ summary: 'Switch the tasks on.' }),
    }),
  };

  protected async execute(): Promise<Outcome> {
    const { flags, argv } = await this.parse(ScheduleEdit);
    const enabled = flags.enabled ? true : undefined;

    const values = {
      type: flags.type === undefined ? undefined : toTaskType(flags.type),
      day:
        flags.day === undefined
          ? undefined
          : requireOne(parseDays([flags.day]), '--day'),
      timeSeconds: flags.time === undefined ? undefined : parseTime(flags.time),
      description: flags.description,
      isEnabled: flags.disabled ? false : enabled,
    };

    if (Object.values(values).every((value) => value === undefined)) {
      throw new UsageError('nothing to change is named', {
        hints: ['For example: schedule edit 1 --time 02:30.'],
      });
    }

    const ids = argv as string[];
    const plan = ofSeenTasks(ids, (present) =>
      planTaskEdit(present, findTaskPositions(present, ids), values),
    );

    const edit = await this.editTasks(flags, plan);

    return this.present(edit, flags['dry-run']);
  }
}

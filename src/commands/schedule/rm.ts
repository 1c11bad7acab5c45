import { Flags } from '@oclif/core';
import { UsageError } from '../../errors.js';
import { findTaskPositions, planRemove } from '../../schedule/task-changes.js';
import type { Outcome } from '../../ui/command.js';
import { editFlags } from '../../ui/edit-command.js';
import { withEnvironment } from '../../ui/flags.js';
import { ofSeenTasks, ScheduleEditCommand } from '../../ui/schedule-command.js';
import { viaFlags } from '../../ui/via-flag.js';

export default class ScheduleRm extends ScheduleEditCommand {
  static override summary = 'Remove tasks from the backup schedule.';
  static override description =
    'Tasks are named by their number in schedule list or by their Guid. An empty schedule is replaced by the default when the server starts while backup is enabled.';
  static override examples = [
    '<%= config.bin %> schedule rm 2 3',
    '<%= config.bin %> schedule rm --all',
  ];
  static override strict = false;
  static override usage = 'schedule rm ID... | --all';
  static override flags = {
    ...editFlags,
    ...viaFlags,
    ...withEnvironment({
      all: Flags.boolean({ summary: 'Remove every task.' }),
    }),
  };

  protected async execute(): Promise<Outcome> {
    const { flags, argv } = await this.parse(ScheduleRm);
    const ids = argv as string[];
    if (flags.all && ids.length > 0) {
      throw new UsageError('--all stands instead of task numbers');
    }

    const plan = ofSeenTasks(ids, (present) =>
      planRemove(
        flags.all
          ? present.map((_, index) => index)
          : findTaskPositions(present, ids),
      ),
    );

    const edit = await this.editTasks(flags, plan);

    return this.present(edit, flags['dry-run']);
  }
}

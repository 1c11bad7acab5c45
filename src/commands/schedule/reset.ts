import { planReset } from '../../schedule/task-changes.js';
import type { Outcome } from '../../ui/command.js';
import { editFlags } from '../../ui/edit-command.js';
import { viaFlags } from '../../ui/via-flag.js';
import { ScheduleEditCommand } from '../../ui/schedule-command.js';

export default class ScheduleReset extends ScheduleEditCommand {
  static override summary =
    "Replace the backup schedule by the server's default.";
  static override description =
    'A full backup on Sunday and differential backups on the other days, each at 01:00.';
  static override examples = ['<%= config.bin %> schedule reset'];
  static override flags = { ...editFlags, ...viaFlags };

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(ScheduleReset);
    const edit = await this.editTasks(flags, planReset);

    return this.present(edit, flags['dry-run']);
  }
}

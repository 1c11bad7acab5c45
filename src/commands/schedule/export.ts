import { Flags } from '@oclif/core';
import { ExitCode } from '../../errors.js';
import { renderJob } from '../../schedule/install.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { withEnvironmentOf } from '../../ui/flags.js';
import {
  nameFlag,
  schedulerFlag,
  toSchedulerKind,
} from '../../ui/schedule-command.js';
import { entryFor } from '../../jobs/scheduler-entry.js';
import { document } from '../../ui/document.js';

export default class ScheduleExport extends KmsCommand {
  static override summary =
    "Print the schedule as the operating system's scheduler takes it.";
  static override description =
    'Prints what schedule install would write. Works on any system.';
  static override examples = [
    '<%= config.bin %> schedule export --to cron',
    '<%= config.bin %> schedule export --to schtasks > kms-backup.xml',
  ];
  static override exitCodes = [ExitCode.notFound];
  static override flags = withEnvironmentOf('schedule', {
    to: schedulerFlag,
    name: nameFlag,
    'even-if-disabled': Flags.boolean({
      summary: "Run although the server's own backup is switched off.",
    }),
    'tasks-only': Flags.boolean({
      exclusive: ['even-if-disabled'],
      summary:
        "Only verify and drill of kms-backup.ini: the server's own backup makes the archives.",
    }),
  });

  protected override stopsAtOnce = true;
  protected override isVerbatim = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(ScheduleExport);
    const kind = toSchedulerKind(flags.to);
    const files = renderJob(kind, entryFor(flags));
    const parts = files.map(({ name, content }) =>
      files.length > 1 ? `# ${name}\n${content}` : content,
    );

    return {
      json: document('schedule-export', { to: kind, files }),
      text: parts.join('\n').replace(/\r?\n$/, ''),
    };
  }
}

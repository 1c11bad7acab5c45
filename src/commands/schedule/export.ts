import { ExitCode } from '../../errors.js';
import { renderJob } from '../../schedule/install.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { shareFlags, withEnvironmentOf } from '../../ui/flags.js';
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
    ...shareFlags,
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

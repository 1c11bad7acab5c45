import { Flags } from '@oclif/core';
import { uninstallJob } from '../../schedule/install.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { withEnvironmentOf } from '../../ui/flags.js';
import {
  nameFlag,
  schedulerFlag,
  toSchedulerKind,
} from '../../ui/schedule-command.js';
import { document } from '../../ui/document.js';

export default class ScheduleUninstall extends KmsCommand {
  static override summary =
    "Take the schedule out of the operating system's scheduler.";
  static override description =
    'Removes what schedule install wrote. The schedule in mailserver.cfg stays.';
  static override examples = ['<%= config.bin %> schedule uninstall --to cron'];
  static override flags = withEnvironmentOf('schedule', {
    to: schedulerFlag,
    name: nameFlag,
    directory: Flags.string({
      helpValue: 'DIR',
      summary: 'systemd and launchd: where the files are.',
    }),
  });

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(ScheduleUninstall);
    const { kind, places, isChanged, notes } = uninstallJob(
      toSchedulerKind(flags.to),
      flags.name,
      flags.directory,
    );

    this.warnAll(notes);

    const text = isChanged
      ? `Removed: ${places.join(', ')}`
      : 'Nothing was installed.';

    return {
      json: document('schedule-uninstall', {
        to: kind,
        places,
        isChanged,
        notes,
      }),
      text,
      isSummary: true,
    };
  }
}

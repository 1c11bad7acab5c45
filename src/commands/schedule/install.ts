import { Flags } from '@oclif/core';
import { ExitCode } from '../../errors.js';
import { installJob } from '../../schedule/install.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { shareFlags, withEnvironmentOf } from '../../ui/flags.js';
import {
  nameFlag,
  schedulerFlag,
  toSchedulerKind,
} from '../../ui/schedule-command.js';
import { conflictWarnings, entryFor } from '../../jobs/scheduler-entry.js';
import { document } from '../../ui/document.js';

export default class ScheduleInstall extends KmsCommand {
  static override summary =
    "Put the schedule into the operating system's scheduler.";
  static override description = `Writes an entry that calls schedule run at each time of the schedule in mailserver.cfg, and after a restart.
An entry of the same name is replaced; install again when the schedule has changed.`;
  static override examples = [
    '<%= config.bin %> schedule install --to systemd',
    '<%= config.bin %> schedule install --to cron --server-dir /opt/kerio/mailserver',
    '<%= config.bin %> schedule install --to systemd --tasks-only',
  ];
  static override exitCodes = [ExitCode.notFound, ExitCode.noSpace];
  static override flags = withEnvironmentOf('schedule', {
    to: schedulerFlag,
    name: nameFlag,
    directory: Flags.string({
      helpValue: 'DIR',
      summary:
        'systemd and launchd: write the files here and do not activate them.',
    }),
    ...shareFlags,
  });

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(ScheduleInstall);
    const { kind, places, isChanged, notes } = installJob(
      toSchedulerKind(flags.to),
      entryFor(flags),
      flags.directory,
    );

    const warnings = [...notes, ...conflictWarnings(flags)];
    this.warnAll(warnings);

    const text = isChanged
      ? `Installed: ${places.join(', ')}`
      : `Nothing to change: ${places.join(', ')}`;

    return {
      json: document('schedule-install', {
        to: kind,
        places,
        isChanged,
        notes,
        warnings,
      }),
      text,
      isSummary: true,
    };
  }
}

import { Flags } from '@oclif/core';
import { ExitCode } from '../../errors.js';
import { systemClock } from '../../platform/clock.js';
import { planNext } from '../../schedule/due-plan.js';
import { findInstallation } from '../../server/installation.js';
import { readSettings } from '../../server/settings.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { withEnvironment } from '../../ui/flags.js';
import { formatMoment, machineTimeZone } from '../../ui/moment.js';
import { formatTasks, toJson } from '../../ui/schedule-command.js';
import { formatTable } from '../../ui/table.js';
import { document } from '../../ui/document.js';

export default class ScheduleList extends KmsCommand {
  static override summary = 'Show the backup schedule and its next runs.';
  static override description =
    "Next runs are in the machine's time zone: a time that a clock change skips comes as much later as is skipped, one that it repeats comes once.";
  static override examples = [
    '<%= config.bin %> schedule list',
    '<%= config.bin %> schedule list --next 14',
  ];
  static override exitCodes = [ExitCode.notFound];
  static override flags = withEnvironment({
    next: Flags.integer({
      default: 3,
      min: 0,
      max: 1000,
      helpValue: 'N',
      summary: 'How many coming runs to show.',
    }),
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(ScheduleList);
    const { schedule, backupEnabled } = readSettings(
      findInstallation({ serverDir: flags['server-dir'] }),
    );
    const warnings: string[] = [];

    if (!backupEnabled) {
      warnings.push('backup is disabled: the server runs none of these tasks.');
    } else if (schedule.length === 0) {
      warnings.push(
        'the schedule is empty while backup is enabled: the server restores its default at the next start.',
      );
    }

    for (const warning of warnings) this.warnPeople(warning);

    const next =
      flags.next === 0 ? [] : planNext(schedule, systemClock(), flags.next);

    const rows = next.map(({ task, number, at }) => [
      formatMoment(at),
      task.type,
      String(number),
      task.description,
    ]);

    const coming =
      rows.length === 0
        ? []
        : [
            formatTable([
              ['NEXT RUN', 'TYPE', 'TASK', 'DESCRIPTION'],
              ...rows,
            ]).join('\n'),
          ];

    return {
      json: document('schedule', {
        isEnabled: backupEnabled,
        timeZone: machineTimeZone(),
        tasks: schedule.map(toJson),
        next: next.map(({ task, number, at }) => ({
          id: number,
          type: task.type,
          at: at.toISOString(),
        })),
        warnings,
      }),
      text: [formatTasks(schedule), ...coming].join('\n\n'),
    };
  }
}

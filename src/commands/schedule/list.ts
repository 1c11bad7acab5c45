import { Flags } from '@oclif/core';
import { ExitCode } from '../../errors.js';
import { examineOwnTasks } from '../../jobs/own-tasks.js';
import { onServer } from '../../jobs/via.js';
import { systemClock } from '../../platform/clock.js';
import { machineTimeZone } from '../../platform/dates.js';
import { describeFaults, listOwnTasks } from '../../schedule/own-tasks.js';
import { planNext } from '../../schedule/plan-due.js';
import { scheduleWarnings } from '../../schedule/edit-schedule.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { withEnvironment } from '../../ui/flags.js';
import { adminContext, viaFlags } from '../../ui/via-flag.js';
import { document } from '../../ui/document.js';
import {
  documentMoment,
  documentTask,
  formatNextRuns,
  formatOwnTasks,
  formatTasks,
} from '../../ui/present/schedule.js';

export default class ScheduleList extends KmsCommand {
  static override summary = 'Show the backup schedule and its next runs.';
  static override description =
    "Next runs are in the machine's time zone: a time that a clock change skips comes as much later as is skipped, one that it repeats comes once.";
  static override examples = [
    '<%= config.bin %> schedule list',
    '<%= config.bin %> schedule list --next 14',
  ];
  static override exitCodes = [ExitCode.notFound];
  static override flags = {
    ...viaFlags,
    ...withEnvironment({
      next: Flags.integer({
        default: 3,
        min: 0,
        max: 1000,
        helpValue: 'N',
        summary: 'How many coming runs to show.',
      }),
    }),
  };

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(ScheduleList);
    // Whoever is logged in takes leave.
    this.stopsAtOnce = flags.via === 'file';

    const { installation, settings } = await onServer(
      flags,
      'backup',
      adminContext(this.signal),
      async ({ installation: server, source }) => ({
        installation: server,
        settings: (await source.read()).settings(),
      }),
    );

    const { schedule, backupEnabled } = settings;
    const read = examineOwnTasks(installation);
    const ownTasks = listOwnTasks(read.tasks, systemClock());
    const warnings = [
      ...scheduleWarnings(schedule, backupEnabled),
      ...describeFaults(read),
    ];

    this.warnAll(warnings);

    const next =
      flags.next === 0 ? [] : planNext(schedule, systemClock(), flags.next);

    return {
      json: document('schedule', {
        isEnabled: backupEnabled,
        timeZone: machineTimeZone(),
        tasks: schedule.map(documentTask),
        next: next.map(documentMoment),
        ownTasks,
        warnings,
      }),
      text: [
        formatTasks(schedule),
        ...formatNextRuns(next),
        ...formatOwnTasks(ownTasks),
      ].join('\n\n'),
    };
  }
}

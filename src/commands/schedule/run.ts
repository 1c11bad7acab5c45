import { Flags } from '@oclif/core';
import { ExitCode, messageOf } from '../../errors.js';
import {
  runDueBackup,
  type ScheduleRunFlags,
} from '../../jobs/run-schedule.js';
import { systemClock } from '../../platform/clock.js';
import { refuseUnknownTimeZone } from '../../platform/time-zone.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import {
  includeArchiveFlag,
  shareFlags,
  withEnvironment,
} from '../../ui/flags.js';
import {
  documentScheduleRun,
  formatScheduleRun,
} from '../../ui/present/schedule-run.js';

export default class ScheduleRun extends KmsCommand {
  static override acts = 'when due' as const;
  static override summary =
    'Back up if the schedule made it due since the last run.';
  static override description = `For one line in the operating system's scheduler (see schedule install); safe to call every minute. Missed tasks are caught up by one backup, a full one where a full task was missed. Without a former run, the newest archive counts as the last run. Words after -- are passed to the backup command.`;
  static override examples = [
    '<%= config.bin %> schedule run',
    '<%= config.bin %> schedule run -- --oversize split',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.notFound,
    ExitCode.locked,
    ExitCode.noSpace,
  ];
  static override strict = false;
  static override usage = 'schedule run [-- BACKUP-FLAGS]';
  static override flags = withEnvironment({
    'backup-dir': Flags.string({
      helpValue: 'DIR',
      summary: "Where archives go. Default: the server's backup directory.",
    }),
    'include-archive': includeArchiveFlag,
    'dry-run': Flags.boolean({ summary: 'Say what is due, and do nothing.' }),
    ...shareFlags,
  });

  protected override kept = 'the backup that was due stays due';

  protected async execute(): Promise<Outcome> {
    const { flags, argv } = await this.parse(ScheduleRun);
    refuseUnknownTimeZone();

    const passedOn = argv as string[];
    const startedAt = systemClock();
    const report = await runDueBackup(flags, passedOn, {
      signal: this.signal,
      onDue: () => this.beginToAct(),
    }).catch((error: unknown) => this.#fail(error, flags, startedAt));

    this.warnAll(report.warnings);

    return {
      exitCode: report.exitCode as ExitCode,
      json: documentScheduleRun(report),
      text: formatScheduleRun(report),
      isSummary: !flags['dry-run'],
    };
  }

  /** It is called every few minutes: the same failure is told once a day. @throws the error, always */
  async #fail(
    error: unknown,
    flags: ScheduleRunFlags,
    startedAt: Date,
  ): Promise<never> {
    const job = await import('../../jobs/early-failure.js');
    const command = 'schedule run';

    if (
      flags['dry-run'] ||
      job.wasToldToday(flags, command, messageOf(error))
    ) {
      throw error;
    }

    await this.beginToAct();
    const { signal } = this;
    const run = {
      command,
      type: 'scheduled',
      startedAt,
      signal,
    } as const;
    this.warnAll(await job.tellEarlyFailure(flags, run, error));

    throw error;
  }
}

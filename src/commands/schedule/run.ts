import { Flags } from '@oclif/core';
import { listArchiveFiles } from '../../archive/backup-directory.js';
import { ExitCode, NotFoundError } from '../../errors.js';
import { systemClock } from '../../platform/clock.js';
import { ownProgram } from '../../platform/self.js';
import { refuseUnknownTimeZone } from '../../platform/time-zone.js';
import { runSchedule, type ScheduleRunReport } from '../../schedule/run.js';
import { findInstallation } from '../../server/installation.js';
import { readSettings } from '../../server/settings.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { document } from '../../ui/document.js';
import { withEnvironment } from '../../ui/flags.js';

export default class ScheduleRun extends KmsCommand {
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
    'dry-run': Flags.boolean({ summary: 'Say what is due, and do nothing.' }),
    'even-if-disabled': Flags.boolean({
      summary: "Run although the server's own backup is switched off.",
    }),
  });

  protected override kept = 'the backup that was due stays due';

  protected async execute(): Promise<Outcome> {
    const { flags, argv } = await this.parse(ScheduleRun);
    refuseUnknownTimeZone();

    const installation = findInstallation({ serverDir: flags['server-dir'] });
    const directory =
      flags['backup-dir'] ?? readSettings(installation).backupDir;

    const passed =
      flags['backup-dir'] === undefined
        ? []
        : ['--backup-dir', flags['backup-dir']];

    if (flags.quiet) passed.push('--quiet');
    if (flags.json) passed.push('--json');
    if (flags.verbose) passed.push('--verbose');

    const report = await runSchedule(installation, {
      clock: systemClock,
      program: ownProgram(),
      backupFlags: [
        ...passed,
        '--progress',
        flags.progress,
        ...(argv as string[]),
      ],
      newestArchiveAt: newestArchive(directory),
      isEvenIfDisabled: flags['even-if-disabled'],
      isDryRun: flags['dry-run'],
      signal: this.signal,
    });

    for (const warning of report.warnings) this.warnPeople(warning);

    return {
      exitCode: report.exitCode as ExitCode,
      json: toDocument(report),
      text: toText(report),
      isSummary: !flags['dry-run'],
    };
  }
}

function newestArchive(directory: string): Date | undefined {
  try {
    return listArchiveFiles(directory).at(-1)?.takenAt;
  } catch (error) {
    // The backup itself says what is wrong with the directory, or makes it.
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

function toDocument(report: ScheduleRunReport): Outcome['json'] {
  const { action, reason, exitCode, warnings, due, output } = report;
  const moments = due?.moments.map(({ number, task, at }) => ({
    id: number,
    type: task.type,
    at: at.toISOString(),
  }));

  let backup: unknown;

  try {
    backup = output === '' ? undefined : JSON.parse(output);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;

    backup = { text: output };
  }

  return document('schedule-run', {
    action,
    reason,
    type: due?.type,
    due: moments ?? [],
    exitCode,
    backup,
    warnings,
  });
}

function toText(report: ScheduleRunReport): string {
  if (report.action === 'backed-up') {
    return report.output.trimEnd() || report.reason;
  }

  return `${report.reason}.`;
}

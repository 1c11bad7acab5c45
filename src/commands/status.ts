import { Flags } from '@oclif/core';
import { resolve } from 'node:path';
import { ExitCode, KmsError } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { planNext } from '../schedule/due-plan.js';
import { readProgress } from '../schedule/progress.js';
import { findInstallation } from '../server/installation.js';
import { readSettings } from '../server/settings.js';
import { readStatus } from '../status/status.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { document } from '../ui/document.js';
import { durationFlag, withEnvironment } from '../ui/flags.js';
import { formatStatus, statusDocument } from '../ui/present/status.js';

const LEVELS = ['ok', 'warning', 'critical', 'unknown'] as const;

export default class Status extends KmsCommand {
  static override summary =
    'Show the last backups, the next run, free space and warnings on one screen.';
  static override description = `With --max-age it is a monitoring check: exit code 0 ok, 1 warning, 2 critical (the newest recoverable archive is older, or
there is none), 3 unknown (the server or its configuration cannot be read).`;
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --max-age 26h',
    '<%= config.bin %> status --html status.html',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.notFound,
    ExitCode.noSpace,
  ];
  static override flags = withEnvironment({
    'backup-dir': Flags.string({
      helpValue: 'DIR',
      summary: "Where archives are. Default: the server's backup directory.",
    }),
    html: Flags.string({
      helpValue: 'FILE',
      summary: 'Also write the state as one self-contained page.',
    }),
    'max-age': durationFlag({
      summary: 'Be a monitoring check with this limit, for example 26h.',
    }),
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(Status);
    try {
      const installation = findInstallation({ serverDir: flags['server-dir'] });
      const settings = readSettings(installation);
      const clock = systemClock;

      const backupDir =
        flags['backup-dir'] === undefined
          ? settings.backupDir
          : resolve(flags['backup-dir']);

      await this.useNetworkDisk(backupDir, flags);

      const { isWorkedThrough, warnings } = readProgress(
        installation,
        settings,
        clock(),
      );

      const limits = { maxAgeMs: flags['max-age'], scheduleWarnings: warnings };

      const report = await readStatus(installation, {
        storeDir: settings.storeDir,
        backupDir,
        clock,
        ...limits,
      });

      if (flags.html !== undefined) {
        const { makeStatusPage, writeStatusPage } =
          await import('../jobs/collect-status.js');
        writeStatusPage(
          resolve(flags.html),
          await makeStatusPage({ ...report, settings, clock, isWorkedThrough }),
        );
      }

      const [next] = isWorkedThrough
        ? planNext(settings.schedule, clock(), 1)
        : [];

      const exitCode =
        flags['max-age'] === undefined
          ? ExitCode.done
          : (LEVELS.indexOf(report.level) as ExitCode);

      return {
        exitCode,
        json: statusDocument(report, next),
        text: formatStatus(report, next),
      };
    } catch (error) {
      if (flags['max-age'] === undefined || !(error instanceof KmsError)) {
        throw error;
      }

      const json = document('status', {
        level: 'unknown',
        warnings: [error.message],
      });

      return {
        exitCode: 3,
        json,
        text: `Status       UNKNOWN\nWarning      ${error.message}`,
      };
    }
  }
}

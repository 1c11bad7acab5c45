import type { ArchiveType } from '../archive/names.js';
import type { BackupReport } from '../backup/request.js';
import { ExitCode, type InterruptedError } from '../errors.js';
import { type BackupFlags, toNightlyBackup } from '../jobs/backup-request.js';
import type {
  NightlyBackup,
  NightlyBackupEnd,
} from '../jobs/nightly-backup.js';
import { systemClock } from '../platform/clock.js';
import { warningTexts } from '../jobs/run-warnings.js';
import { type CommonFlags, KmsCommand, type Outcome } from './command.js';
import type { Acts } from './run-recorder.js';
import {
  backupExitCode,
  documentBackup,
  documentSkipped,
  formatBackup,
} from './present/backup.js';

/** The flags of a backup command as parsed. */
interface BackupCommandFlags extends CommonFlags, BackupFlags {
  readonly 'dry-run': boolean;
}

/** The common part of the three backup commands. */
export abstract class BackupCommand extends KmsCommand {
  static override acts: Acts = 'always';
  protected override kept =
    'temporary files removed, earlier archives untouched';
  static override exitCodes: readonly ExitCode[] = [
    ExitCode.incomplete,
    ExitCode.notFound,
    ExitCode.locked,
    ExitCode.noSpace,
  ];

  protected async backup(
    type: ArchiveType,
    flags: BackupCommandFlags,
  ): Promise<Outcome> {
    const startedAt = systemClock();
    const night = await this.#prepare(type, flags).catch((error: unknown) =>
      this.#failEarly(error, { type, flags, startedAt }),
    );

    const job = await import('../jobs/nightly-backup.js');
    if (flags['dry-run']) {
      return this.#presentPlan(await job.planNightlyBackup(night));
    }

    const toldEarly: string[] = [];
    const onWarning = (warning: string): number => toldEarly.push(warning);

    const end = await job
      .runNightlyBackup(night, onWarning)
      .catch((error: unknown) => {
        // A run that failed has no report to name what could not be told about it.
        this.stopProgress();
        this.warnAll(toldEarly);

        throw error;
      });

    return this.#presentEnd(end);
  }

  async #prepare(
    type: ArchiveType,
    flags: BackupCommandFlags,
  ): Promise<NightlyBackup> {
    const night: NightlyBackup = {
      ...toNightlyBackup(type, flags, {
        signal: this.signal,
        onProgress: this.startProgress(flags),
      }),
      reachMirror: (place) => this.useNetworkDisk(place.localDirectory, flags),
    };

    await this.useNetworkDisk(night.request.storage.localDirectory, flags);

    return night;
  }

  /** Tells a run that fails before its settings are known. @throws the error, always */
  async #failEarly(
    error: unknown,
    {
      type,
      flags,
      startedAt,
    }: { type: ArchiveType; flags: BackupCommandFlags; startedAt: Date },
  ): Promise<never> {
    if (!flags['dry-run']) {
      const { tellEarlyFailure } = await import('../jobs/early-failure.js');
      const command = (this.id ?? '').replaceAll(':', ' ');
      const { signal } = this;
      const run = {
        command,
        type,
        startedAt,
        signal,
      };

      this.stopProgress();
      this.warnAll(await tellEarlyFailure(flags, run, error));
    }

    throw error;
  }

  #presentEnd(end: NightlyBackupEnd): Outcome {
    const { report } = end;
    this.stopProgress();

    const warnings = warningTexts(end.warnings);
    this.warnAll(warnings);

    if (!report) return { json: documentSkipped(warnings), text: '' };

    // The signal came when the archive was there: what it cut short is said, and that nothing is lost.
    if (this.signal.aborted) {
      throw (this.signal.reason as InterruptedError).keeping(
        `${report.archive} is complete and stays`,
      );
    }

    return {
      exitCode: backupExitCode(report),
      json: documentBackup(report, warnings, end),
      text: formatBackup(report, end),
      isSummary: true,
    };
  }

  #presentPlan(report: BackupReport): Outcome {
    this.stopProgress();
    this.warnAll(report.warnings);

    return {
      exitCode: backupExitCode(report),
      json: documentBackup(report, report.warnings),
      text: formatBackup(report),
      isSummary: false,
    };
  }
}

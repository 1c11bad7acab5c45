import { resolve } from 'node:path';
import type { ArchiveType } from '../archive/names.js';
import { archiveName, MAX_VOLUME_BYTES } from '../archive/names.js';
import { parseMask } from '../store/components.js';
import type { BackupReport, BackupRequest } from '../backup/request.js';
import { DEFAULT_LOSS_LIMITS, type LossLimits } from '../backup/mass-loss.js';
import { ExitCode, type InterruptedError, UsageError } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { formatSize } from '../platform/units.js';
import { defaultThreads } from '../platform/worker-pool.js';
import { readIniFile } from '../settings/ini-file.js';
import type { IniSettings, NotifyRule } from '../settings/ini-settings.js';
import { type CommonFlags, KmsCommand, type Outcome } from './command.js';
import { openServer, type ServerContext } from './context.js';
import { formatBackup } from './present/backup.js';
import type { ReportedBackupEnd } from '../jobs/nightly-backup.js';

/** zlib's own choice between speed and size. */
const DEFAULT_LEVEL = 6;
/** The smallest volume: headers and the texts must fit beside a little mail. */
const MIN_VOLUME_BYTES = 16_384;

/** The flags of a backup command as parsed. */
export interface BackupFlags extends CommonFlags {
  readonly 'backup-dir'?: string | undefined;
  readonly 'volume-size'?: number | undefined;
  readonly oversize?: string | undefined;
  readonly mask?: string | undefined;
  readonly level?: number | undefined;
  readonly threads?: number | undefined;
  readonly 'dry-run': boolean;
  readonly verify: boolean;
  readonly rotate: boolean;
  readonly 'lock-wait'?: number | undefined;
  readonly 'mass-loss-user'?: number | undefined;
  readonly 'mass-loss-all'?: number | undefined;
  readonly notify?: string | undefined;
  readonly checksum?: boolean | undefined;
}

/** What the three backup commands share. */
export abstract class BackupCommand extends KmsCommand {
  protected override kept =
    'temporary files removed, earlier archives untouched';
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.notFound,
    ExitCode.locked,
    ExitCode.noSpace,
  ];

  protected async backup(
    type: ArchiveType,
    flags: BackupFlags,
  ): Promise<Outcome> {
    const { installation, settings } = openServer(flags);
    const ini = readIniFile(installation.dir);

    const request = this.#toRequest(type, flags, {
      installation,
      settings,
      ini,
    });

    await this.useNetworkDisk(request.backupDir, flags);

    if (flags['dry-run']) {
      const { planBackup } = await import('../backup/run-backup.js');
      return this.#present(await planBackup(request));
    }

    const { runReportedBackup } = await import('../jobs/nightly-backup.js');
    const toldEarly: string[] = [];

    const end = await runReportedBackup({
      request,
      ini,
      rule: flags.notify as NotifyRule | undefined,
      rotates: flags.rotate && ini.backup.rotate !== false,
      rotationLimit: settings.rotationLimit,
      onWarning: (warning) => toldEarly.push(warning),
    }).catch((error: unknown) => {
      // A run that failed has no report to name what could not be told about it.
      this.stopProgress();
      for (const warning of toldEarly) this.warnPeople(warning);
      throw error;
    });

    if (!end.report) {
      return {
        json: {
          schema: 'kms-backup/skipped/1',
          reason: 'the before hook asked to skip this backup',
        },
        text: '',
      };
    }

    // The signal came when the archive was there: what it cut short is said, and that nothing is lost.
    if (this.signal.aborted) {
      this.stopProgress();
      for (const warning of [...end.report.warnings, ...end.warnings]) {
        this.warnPeople(warning);
      }

      throw (this.signal.reason as InterruptedError).keeping(
        `${end.report.archive} is complete and stays`,
      );
    }

    return this.#present(end.report, end);
  }

  #present(report: BackupReport, end?: ReportedBackupEnd): Outcome {
    this.stopProgress();

    const warnings = [...report.warnings, ...(end?.warnings ?? [])];
    for (const warning of warnings) this.warnPeople(warning);

    const exitCode =
      report.issues.length > 0 ? ExitCode.incomplete : ExitCode.done;
    const base =
      report.base === undefined ? undefined : archiveName(report.base);

    const json = {
      ...report,
      base,
      warnings,
      rotation: end?.rotation ?? null,
      exitCode,
    };

    // Without an end it was a dry run: the plan is what was asked for.
    return {
      exitCode,
      json,
      text: formatBackup(report, end?.rotation),
      isSummary: end !== undefined,
    };
  }

  // eslint-disable-next-line complexity -- one line a setting: flag, else ini, else server
  #toRequest(
    type: ArchiveType,
    flags: BackupFlags,
    server: ServerContext & { ini: IniSettings },
  ): BackupRequest {
    const { installation, settings } = server;
    const ini = server.ini.backup;

    return {
      type,
      installation,
      settings,
      backupDir:
        flags['backup-dir'] === undefined
          ? settings.backupDir
          : resolve(flags['backup-dir']),
      volumeLimitBytes: checkVolumeSize(
        flags['volume-size'] ??
          ini.volumeSizeBytes ??
          settings.volumeLimitBytes,
      ),
      oversize: (flags.oversize ?? ini.oversize) === 'split' ? 'split' : 'skip',
      mask: flags.mask === undefined ? undefined : parseMask(flags.mask),
      level: flags.level ?? ini.level ?? DEFAULT_LEVEL,
      threads: flags.threads ?? ini.threads ?? defaultThreads(),
      usesChecksum: flags.checksum ?? false,
      readsBack: flags.verify && ini.verify !== false,
      lockWaitMs: flags['lock-wait'] ?? ini.lockWaitMs ?? 0,
      lossLimits: toLossLimits(flags, ini),
      clock: systemClock,
      signal: this.signal,
      onProgress: this.startProgress(flags),
    };
  }
}

function toLossLimits(
  flags: BackupFlags,
  ini: IniSettings['backup'],
): LossLimits {
  const { mailboxPercent, allPercent } = DEFAULT_LOSS_LIMITS;
  return {
    mailboxPercent:
      flags['mass-loss-user'] ?? ini.massLossUserPercent ?? mailboxPercent,
    allPercent: flags['mass-loss-all'] ?? ini.massLossAllPercent ?? allPercent,
  };
}

/** 2 GiB, as people write it, means the maximum of one byte less. */
function checkVolumeSize(bytes: number): number {
  if (bytes >= MIN_VOLUME_BYTES && bytes <= MAX_VOLUME_BYTES + 1) {
    return Math.min(bytes, MAX_VOLUME_BYTES);
  }

  const limit = `${formatSize(MIN_VOLUME_BYTES)} to 2 GiB`;

  throw new UsageError(`a volume of ${bytes} bytes is not possible: ${limit}`, {
    hints: [
      'Give --volume-size between these limits; the manual names 2 GB as the maximum.',
    ],
  });
}

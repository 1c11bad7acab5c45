import { resolve } from 'node:path';
import type { ArchiveType } from '../archive/names.js';
import { MAX_VOLUME_BYTES } from '../archive/names.js';
import { parseMask } from '../archive/components.js';
import type { BackupReport, BackupRequest } from '../backup/request.js';
import { ExitCode, UsageError } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { formatSize } from '../platform/units.js';
import { defaultThreads } from '../platform/worker-pool.js';
import { type CommonFlags, KmsCommand, type Outcome } from './command.js';
import { openServer } from './context.js';
import { formatBackup } from './present-backup.js';

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
  readonly 'lock-wait': number;
  readonly checksum?: boolean | undefined;
}

/** What the three backup commands share. */
export abstract class BackupCommand extends KmsCommand {
  static override exitCodes = [ExitCode.incomplete, ExitCode.notFound, ExitCode.locked, ExitCode.noSpace];

  protected async backup(type: ArchiveType, flags: BackupFlags): Promise<Outcome> {
    const request = this.#toRequest(type, flags);
    const { planBackup, runBackup } = await import('../backup/run-backup.js');
    const report = flags['dry-run'] ? await planBackup(request) : await runBackup(request);
    this.stopProgress();
    for (const warning of report.warnings) this.warnPeople(warning);
    return { exitCode: exitCodeOf(report), json: report, text: formatBackup(report) };
  }

  #toRequest(type: ArchiveType, flags: BackupFlags): BackupRequest {
    const { installation, settings } = openServer(flags);
    return {
      type,
      installation,
      settings,
      backupDir: flags['backup-dir'] === undefined ? settings.backupDir : resolve(flags['backup-dir']),
      volumeLimitBytes: checkVolumeSize(flags['volume-size'] ?? settings.volumeLimitBytes),
      oversize: flags.oversize === 'split' ? 'split' : 'skip',
      mask: flags.mask === undefined ? undefined : parseMask(flags.mask),
      level: flags.level ?? 6,
      threads: flags.threads ?? defaultThreads(),
      usesChecksum: flags.checksum ?? false,
      readsBack: flags.verify,
      lockWaitMs: flags['lock-wait'],
      clock: systemClock,
      signal: this.signal,
      onProgress: this.startProgress(flags),
    };
  }
}

/** 2 GiB, as people write it, means the maximum of one byte less. */
function checkVolumeSize(bytes: number): number {
  if (bytes >= MIN_VOLUME_BYTES && bytes <= MAX_VOLUME_BYTES + 1) return Math.min(bytes, MAX_VOLUME_BYTES);
  const limit = `${formatSize(MIN_VOLUME_BYTES)} to 2 GiB`;
  throw new UsageError(`a volume of ${bytes} bytes is not possible: ${limit}`, {
    hints: ['Give --volume-size between these limits; the manual names 2 GB as the maximum.'],
  });
}

function exitCodeOf(report: BackupReport): ExitCode {
  return report.issues.length > 0 ? ExitCode.incomplete : ExitCode.done;
}

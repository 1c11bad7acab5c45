import { Flags } from '@oclif/core';
import { resolve } from 'node:path';
import { ExitCode, NotFoundError } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { runRotate } from '../rotate/run-rotate.js';
import type { ServerSettings } from '../server/settings.js';
import { type CommonFlags, KmsCommand, type Outcome } from '../ui/command.js';
import { openServer } from '../ui/context.js';
import { durationFlag, withEnvironment } from '../ui/flags.js';
import { formatRotate } from '../ui/present/rotate.js';

export default class Rotate extends KmsCommand {
  static override summary = 'Remove archives over the limit.';
  static override description =
    'Keeps at most N complete backups, fulls and copies alike, with the differentials that need them. Only proven backups push out others; the last one stays whatever the limit is. Files that are no archives are never touched.';
  static override examples = [
    '<%= config.bin %> rotate --dry-run',
    '<%= config.bin %> rotate --keep 3 --backup-dir /mnt/server-backup',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.notFound,
    ExitCode.locked,
  ];
  static override flags = withEnvironment({
    'backup-dir': Flags.string({
      helpValue: 'DIR',
      summary: "Where archives lie. Default: the server's backup directory.",
    }),
    keep: Flags.integer({
      min: 1,
      helpValue: 'N',
      summary: "How many complete backups stay. Default: the server's limit.",
    }),
    'dry-run': Flags.boolean({
      summary: 'Say what would be removed and why, and remove nothing.',
    }),
    'lock-wait': durationFlag({
      default: 0,
      summary: 'How long to wait for another run, for example 10m.',
    }),
  });

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(Rotate);
    const isSelfContained =
      flags['backup-dir'] !== undefined && flags.keep !== undefined;
    const settings = isSelfContained
      ? findSettings(flags)
      : openServer(flags).settings;
    const backupDir = resolve(
      flags['backup-dir'] ?? settings?.backupDir ?? '.',
    );

    await this.useNetworkDisk(backupDir, flags);

    const report = await runRotate({
      backupDir,
      limit: Math.max(1, flags.keep ?? settings?.rotationLimit ?? 1),
      keepsDifferentials: settings?.keepsDifferentials ?? false,
      isDryRun: flags['dry-run'],
      lockWaitMs: flags['lock-wait'],
      clock: systemClock,
      signal: this.signal,
    });

    const exitCode = report.failures > 0 ? ExitCode.incomplete : ExitCode.done;

    return {
      exitCode,
      json: report,
      text: formatRotate(report),
      isSummary: !flags['dry-run'],
    };
  }
}

/** A directory of archives can be rotated where no server is installed. */
function findSettings(flags: CommonFlags): ServerSettings | undefined {
  try {
    return openServer(flags).settings;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

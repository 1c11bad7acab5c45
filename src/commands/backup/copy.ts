import { Args } from '@oclif/core';
import { UsageError } from '../../errors.js';
import { backupFlags, pinFlags, reuseFlag } from '../../ui/backup-flags.js';
import type { Outcome } from '../../ui/command.js';
import { ServerCopyCommand } from '../../ui/server-copy-command.js';
import { viaFlags } from '../../ui/via-flag.js';

export default class BackupCopy extends ServerCopyCommand {
  static override summary = 'Write a copy: a full archive by hand, C….zip.';
  static override description = `A copy counts as a complete backup in recovery and rotation, and differentials are never measured against it. With --via api the mail server makes it by its own settings; it is followed, and every byte of it is read.`;
  static override examples = [
    '<%= config.bin %> backup copy',
    '<%= config.bin %> backup copy --backup-dir /mnt/server-backup',
    '<%= config.bin %> backup copy --pin "before the move" --until 2027-01-31',
  ];
  static override args = {
    REASON: Args.string({ description: 'With --pin: why the copy is kept.' }),
  };
  static override flags = {
    ...backupFlags,
    ...reuseFlag,
    ...pinFlags,
    ...viaFlags,
  };

  protected async execute(): Promise<Outcome> {
    const { args, flags, raw } = await this.parse(BackupCopy);
    const { REASON: reason } = args;
    const { until } = flags;

    if (!flags.pin && reason !== undefined) {
      throw new UsageError(`a reason is given, and no pin: ${reason}`, {
        hints: ['Write --pin before it.'],
      });
    }

    if (flags.via === 'api') return this.copyOnServer(flags, raw);

    const pin = {
      ...(reason !== undefined && { reason }),
      ...(until && { until }),
    };

    return this.backup('copy', flags.pin ? { ...flags, newPin: pin } : flags);
  }
}

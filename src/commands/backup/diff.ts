import { Flags } from '@oclif/core';
import { BackupCommand } from '../../ui/backup-command.js';
import { backupFlags } from '../../ui/backup-flags.js';
import type { Outcome } from '../../ui/command.js';
import { withEnvironment } from '../../ui/flags.js';

export default class BackupDiff extends BackupCommand {
  static override summary =
    'Write a differential archive: what is new or changed since the newest full, I….zip.';
  static override description = `Compares the store with the central directory of the newest full archive. Recovering the full and the differential
gives exactly the store of this moment, without mail that was deleted meanwhile. Without a usable full it becomes one.`;
  static override examples = [
    '<%= config.bin %> backup diff',
    '<%= config.bin %> backup diff --backup-dir /mnt/server-backup',
  ];
  static override flags = {
    ...backupFlags,
    ...withEnvironment({
      checksum: Flags.boolean({
        summary: 'Compare content instead of size and time.',
      }),
    }),
  };

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(BackupDiff);
    return this.backup('differential', flags);
  }
}

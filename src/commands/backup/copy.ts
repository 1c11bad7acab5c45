import { BackupCommand } from '../../ui/backup-command.js';
import { backupFlags, reuseFlag } from '../../ui/backup-flags.js';
import type { Outcome } from '../../ui/command.js';

export default class BackupCopy extends BackupCommand {
  static override summary = 'Write a copy: a full archive by hand, C….zip.';
  static override description = `A copy counts as a complete backup in recovery and rotation, and differentials are never measured against it.`;
  static override examples = [
    '<%= config.bin %> backup copy',
    '<%= config.bin %> backup copy --backup-dir /mnt/server-backup',
  ];
  static override flags = { ...backupFlags, ...reuseFlag };

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(BackupCopy);
    return this.backup('copy', flags);
  }
}

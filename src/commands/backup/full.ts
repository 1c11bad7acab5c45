import { BackupCommand } from '../../ui/backup-command.js';
import { backupFlags, reuseFlag } from '../../ui/backup-flags.js';
import type { Outcome } from '../../ui/command.js';

export default class BackupFull extends BackupCommand {
  static override summary = 'Write a full archive: everything, F….zip.';
  static override description = `Reads the whole store and the configuration, writes zip volumes under temporary names, reads them back and publishes
them together. The mail server may run. Differentials are measured against the newest full archive. With --reuse what is
unchanged is copied out of it and its newest differential, each message checked on the way; every fourth such full is read whole.`;
  static override examples = [
    '<%= config.bin %> backup full',
    '<%= config.bin %> backup full --reuse',
    '<%= config.bin %> backup full --backup-dir /mnt/server-backup',
  ];
  static override flags = { ...backupFlags, ...reuseFlag };

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(BackupFull);
    return this.backup('full', flags);
  }
}

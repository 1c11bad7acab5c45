import type { Outcome } from '../../../ui/command.js';
import { editFlags } from '../../../ui/edit-command.js';
import { viaFlags } from '../../../ui/via-flag.js';
import { LogSwitchCommand } from '../../../ui/log-switch-command.js';

export default class LogEnableStoreBackup extends LogSwitchCommand {
  static override summary =
    "Switch the debug log's message group Store Backup on.";
  static override description =
    'While it is on, the server and kms-backup write what a backup does to debug.log. Switch it off when the trouble is over.';
  static override examples = ['<%= config.bin %> log enable store-backup'];
  static override flags = { ...editFlags, ...viaFlags };

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(LogEnableStoreBackup);

    return this.switchTo(true, flags);
  }
}

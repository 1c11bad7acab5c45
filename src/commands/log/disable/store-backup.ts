import { switchStoreBackupLog } from '../../../config/store-backup-log.js';
import type { Outcome } from '../../../ui/command.js';
import { document } from '../../../ui/document.js';
import {
  EditCommand,
  editFlags,
  formatDryRun,
} from '../../../ui/edit-command.js';

export default class LogDisableStoreBackup extends EditCommand {
  static override summary =
    "Switch the debug log's message group Store Backup off.";
  static override description =
    'While it is on, the server and kms-backup write what a backup does to debug.log. Switch it off when the trouble is over.';
  static override examples = ['<%= config.bin %> log disable store-backup'];
  static override flags = editFlags;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(LogDisableStoreBackup);
    const options = this.editOptions('log disable', flags);

    const report = await switchStoreBackupLog(
      this.installation(flags),
      false,
      options,
    );

    this.warnAll(report.warnings);

    const { isChanged, warnings } = report;
    const isDryRun = flags['dry-run'];
    const done = isChanged
      ? 'Store Backup messages are off.'
      : 'Nothing to change: Store Backup messages were off already.';

    return {
      json: document('log-switch', {
        isEnabled: false,
        isChanged,
        isDryRun,
        warnings,
      }),
      text: isDryRun ? formatDryRun(report) : done,
      isSummary: !isDryRun,
    };
  }
}

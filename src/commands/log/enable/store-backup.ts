import { switchStoreBackupLog } from '../../../config/store-backup-log.js';
import type { Outcome } from '../../../ui/command.js';
import { document } from '../../../ui/document.js';
import {
  EditCommand,
  editFlags,
  formatDryRun,
} from '../../../ui/edit-command.js';

export default class LogEnableStoreBackup extends EditCommand {
  static override summary =
    "Switch the debug log's message group Store Backup on.";
  static override description =
    'While it is on, the server and kms-backup write what a backup does to debug.log. Switch it off when the trouble is over.';
  static override examples = ['<%= config.bin %> log enable store-backup'];
  static override flags = editFlags;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(LogEnableStoreBackup);
    const options = this.editOptions('log enable', flags);

    const report = await switchStoreBackupLog(
      this.installation(flags),
      true,
      options,
    );

    this.warnAll(report.warnings);

    const { isChanged, warnings } = report;
    const isDryRun = flags['dry-run'];
    const done = isChanged
      ? 'Store Backup messages are on.'
      : 'Nothing to change: Store Backup messages were on already.';

    return {
      json: document('log-switch', {
        isEnabled: true,
        isChanged,
        isDryRun,
        warnings,
      }),
      text: isDryRun ? formatDryRun(report) : done,
      isSummary: !isDryRun,
    };
  }
}

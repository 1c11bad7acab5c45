import { switchStoreBackupLog } from '../config/store-backup-log.js';
import type { ViaFlags } from '../jobs/via.js';
import type { Outcome } from './command.js';
import { document } from './document.js';
import { EditCommand, formatDryRun } from './edit-command.js';
import type { RestartFlags } from './restart-command.js';

/** The flags of both commands as parsed. */
interface SwitchFlags extends ViaFlags, RestartFlags {
  readonly 'restart-server': boolean;
  readonly force: boolean;
  readonly 'dry-run': boolean;
}

/** The common part of `log enable store-backup` and `log disable store-backup`. */
export abstract class LogSwitchCommand extends EditCommand {
  // oclif's manifest takes them of a command and the class right above it.
  static override exitCodes = EditCommand.exitCodes;

  protected async switchTo(
    isEnabled: boolean,
    flags: SwitchFlags,
  ): Promise<Outcome> {
    const report = await this.edit(flags, 'log', ({ source }, options) =>
      switchStoreBackupLog(source, isEnabled, options),
    );

    this.warnAll(report.warnings);

    const { isChanged, warnings } = report;
    const isDryRun = flags['dry-run'];
    const state = isEnabled ? 'on' : 'off';
    const done = isChanged
      ? `Store Backup messages are ${state}.`
      : `Nothing to change: Store Backup messages were ${state} already.`;

    return {
      json: document('log-switch', {
        isEnabled,
        isChanged,
        isDryRun,
        warnings,
        ...this.downtime,
      }),
      text: isDryRun ? formatDryRun(report) : done,
      isSummary: !isDryRun,
    };
  }
}

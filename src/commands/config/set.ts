import { Flags } from '@oclif/core';
import { mergeAssignments } from '../../config/assignments.js';
import { setSettings } from '../../config/set-settings.js';
import type { Outcome } from '../../ui/command.js';
import { EditCommand, editFlags } from '../../ui/edit-command.js';
import { withEnvironmentOf } from '../../ui/flags.js';
import { viaFlags } from '../../ui/via-flag.js';
import { document } from '../../ui/document.js';
import { formatChanged, formatPlan } from '../../ui/present/settings.js';

export default class ConfigSet extends EditCommand {
  static override summary = "Set settings of the server's Backup tab.";
  static override description = `Changes only the lines of mailserver.cfg that it must and keeps the previous content as mailserver.cfg.kms-backup.bak.
The mail server must be stopped, by hand or by --restart-server: it overwrites the file when it stops. With --via api the server that runs is told instead. Settings: see config show.`;
  static override examples = [
    '<%= config.bin %> config set keep=3 volume-size=600MB',
    '<%= config.bin %> config set backup-dir="/mnt/server backup" notify=admin@example.com --dry-run',
    '<%= config.bin %> config set keep=3 --restart-server',
    '<%= config.bin %> config show --json > settings.json && <%= config.bin %> config set --from settings.json',
  ];
  static override strict = false;
  static override usage =
    'config set KEY=VALUE... [--from FILE] [--restart-server] [--dry-run] [--force] [--via file|api]';
  static override flags = {
    ...editFlags,
    ...viaFlags,
    ...withEnvironmentOf('config', {
      from: Flags.string({
        helpValue: 'FILE',
        summary:
          'Take settings from what config show --json wrote; - is stdin.',
      }),
    }),
  };

  protected async execute(): Promise<Outcome> {
    const { flags, argv } = await this.parse(ConfigSet);
    const assignments = mergeAssignments(flags.from, argv as string[]);

    const report = await this.edit(flags, 'backup', (server, options) =>
      setSettings(server, assignments, options),
    );

    this.warnAll(report.warnings);

    const { isChanged, changed, warnings } = report;
    const isDryRun = flags['dry-run'];

    const json = document('config-set', {
      file: report.after.document.source.path,
      isChanged,
      isDryRun,
      changed,
      warnings,
      ...this.downtime,
    });

    if (!isChanged) {
      return { json, text: 'Nothing to change.', isSummary: !isDryRun };
    }

    if (isDryRun) {
      return { json, text: `${formatPlan(report)}\nNothing was changed.` };
    }

    return { json, text: formatChanged(report).join('\n'), isSummary: true };
  }
}

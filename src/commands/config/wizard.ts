import { settingsToAsk } from '../../config/asked-settings.js';
import { setSettings, showSettings } from '../../config/settings-verb.js';
import { findServer } from '../../jobs/server.js';
import { readConfig, refuseRunningEngine } from '../../server/config/file.js';
import type { Outcome } from '../../ui/command.js';
import { askSettings } from '../../ui/ask-settings.js';
import { EditCommand, editFlags } from '../../ui/edit-command.js';
import { openPrompts } from '../../ui/prompts.js';
import { document } from '../../ui/document.js';
import { formatPlan } from '../../ui/present/settings.js';

export default class ConfigWizard extends EditCommand {
  static override summary =
    "Ask for the settings of the server's Backup tab, step by step.";
  static override description =
    'Shows the present values, then the lines of mailserver.cfg that would change, and asks before it writes.';
  static override examples = ['<%= config.bin %> config wizard'];
  static override flags = { force: editFlags.force };

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(ConfigWizard);
    const prompts = openPrompts('Use config set KEY=VALUE.');
    const installation = findServer(flags);

    // Before fourteen questions, not after them.
    await refuseRunningEngine(installation, flags.force);

    const seen = readConfig(installation).source.text;

    const assignments = await askSettings(
      prompts,
      settingsToAsk(showSettings(installation).values),
    );

    const options = {
      ...this.editOptions('config wizard', flags),
      expectedText: seen,
    };

    const preview = await setSettings(installation, assignments, {
      ...options,
      isDryRun: true,
    });

    if (!preview.isChanged) {
      return {
        json: document('config-set', { isChanged: false }),
        text: 'Nothing to change.',
      };
    }

    process.stderr.write(`${formatPlan(preview)}\n`);

    if (
      !(await prompts.confirm(
        `Write this to ${installation.configPath}?`,
        false,
      ))
    ) {
      return {
        json: document('config-set', { isChanged: false }),
        text: 'Nothing was changed.',
      };
    }

    const report = await setSettings(installation, assignments, options);
    this.warnAll(report.warnings);

    const { isChanged, changed, warnings } = report;

    return {
      json: document('config-set', { isChanged, changed, warnings }),
      text: `Wrote ${installation.configPath}.`,
    };
  }
}

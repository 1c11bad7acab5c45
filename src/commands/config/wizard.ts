import { SETTING_KEYS, type SettingValue } from '../../config/keys.js';
import {
  type Assignment,
  NETWORK_DISK_USER,
  setSettings,
  showSettings,
} from '../../config/settings-verb.js';
import { messageOf } from '../../errors.js';
import { readConfig, refuseRunningEngine } from '../../server/config/file.js';
import type { Outcome } from '../../ui/command.js';
import { EditCommand, editFlags } from '../../ui/edit-command.js';
import { openPrompts, type Prompts } from '../../ui/prompts.js';
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
    const installation = this.installation(flags);

    // Before fourteen questions, not after them.
    await refuseRunningEngine(installation, flags.force);

    const seen = readConfig(installation).source.text;

    const assignments = await askAll(
      prompts,
      showSettings(installation).values,
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

/** One question a setting; the present value is the answer that Enter gives. */
async function askAll(
  prompts: Prompts,
  values: ReadonlyMap<string, SettingValue>,
): Promise<Assignment[]> {
  const assignments: Assignment[] = [];
  for (const key of SETTING_KEYS) {
    const present = values.get(key.name);
    if (typeof present === 'boolean') {
      assignments.push({
        name: key.name,
        value: String(await prompts.confirm(`${key.label}?`, present)),
      });
      continue;
    }

    const validate = (text: string): true | string => {
      try {
        key.toFile(text, process.platform);
        return true;
      } catch (error) {
        return messageOf(error);
      }
    };

    const message = `${key.label} (${key.example}):`;

    assignments.push({
      name: key.name,
      value: await prompts.text({
        message,
        initial: String(present),
        validate,
      }),
    });
  }

  if (process.platform === 'win32') {
    const initial = String(values.get(NETWORK_DISK_USER));
    const value = await prompts.text({
      message: 'User name for the network disk:',
      initial,
    });

    assignments.push({ name: NETWORK_DISK_USER, value });
  }

  return assignments;
}

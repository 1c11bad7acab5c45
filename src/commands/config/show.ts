import { SETTING_KEYS, type SettingValue } from '../../config/keys.js';
import { showSettings } from '../../config/settings-verb.js';
import { ExitCode } from '../../errors.js';
import { formatSize } from '../../platform/units.js';
import { findInstallation } from '../../server/installation.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { formatTable } from '../../ui/table.js';
import { document } from '../../ui/document.js';

export default class ConfigShow extends KmsCommand {
  static override summary = "Show the settings of the server's Backup tab.";
  static override description =
    'Reads mailserver.cfg. Values in brackets are defaults: the file says nothing. With --json the result can be given to config set --from.';
  static override examples = [
    '<%= config.bin %> config show',
    '<%= config.bin %> config show --json',
  ];
  static override exitCodes = [ExitCode.notFound];

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(ConfigShow);
    const installation = findInstallation({ serverDir: flags['server-dir'] });
    const { values, defaults } = showSettings(installation);

    const rows = [...values].map(([name, value]) => {
      const label =
        SETTING_KEYS.find((key) => key.name === name)?.label ??
        'Login at the network disk (Windows)';

      return [
        name,
        defaults.has(name) ? `[${format(name, value)}]` : format(name, value),
        label,
      ];
    });

    return {
      json: document('config', {
        file: installation.configPath,
        settings: Object.fromEntries(values),
        defaults: [...defaults],
      }),
      text: formatTable([['SETTING', 'VALUE', 'MEANING'], ...rows]).join('\n'),
    };
  }
}

function format(name: string, value: SettingValue): string {
  if (name === 'volume-size' && typeof value === 'number') {
    return `${value} (${formatSize(value)})`;
  }

  return value === '' ? '-' : String(value);
}

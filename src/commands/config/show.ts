import { showSettings } from '../../config/show-settings.js';
import { ExitCode } from '../../errors.js';
import { findEditedServer } from '../../jobs/server.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { documentSettings, formatSettings } from '../../ui/present/settings.js';

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
    const server = findEditedServer(flags);
    const settings = showSettings(server);

    return {
      json: documentSettings(server.installation.configPath, settings),
      text: formatSettings(settings),
    };
  }
}

import { showSettings } from '../../config/show-settings.js';
import { ExitCode } from '../../errors.js';
import { onServer } from '../../jobs/via.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { adminContext, viaFlags } from '../../ui/via-flag.js';
import { documentSettings, formatSettings } from '../../ui/present/settings.js';

export default class ConfigShow extends KmsCommand {
  static override summary = "Show the settings of the server's Backup tab.";
  static override description =
    'Reads mailserver.cfg, or with --via api the server that runs. Values in brackets are defaults: the file says nothing. With --json the result can be given to config set --from.';
  static override examples = [
    '<%= config.bin %> config show',
    '<%= config.bin %> config show --json',
  ];
  static override exitCodes = [ExitCode.notFound];

  static override flags = viaFlags;

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(ConfigShow);
    // Whoever is logged in takes leave.
    this.stopsAtOnce = flags.via === 'file';

    const settings = await onServer(
      flags,
      'backup',
      adminContext(this.signal),
      showSettings,
    );

    return {
      json: documentSettings(settings),
      text: formatSettings(settings),
    };
  }
}

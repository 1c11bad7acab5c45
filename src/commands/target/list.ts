import { ExitCode } from '../../errors.js';
import { listTargets } from '../../jobs/targets.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { documentTargets, formatTargets } from '../../ui/present/targets.js';

export default class TargetList extends KmsCommand {
  static override summary = 'List the object stores of kms-backup.ini.';
  static override description =
    'Shows where each is and where its keys come from. Nothing is asked of a server.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override exitCodes = [ExitCode.notFound];

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(TargetList);
    const targets = listTargets(flags);

    return { json: documentTargets(targets), text: formatTargets(targets) };
  }
}

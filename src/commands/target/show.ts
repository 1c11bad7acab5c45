import { ExitCode } from '../../errors.js';
import { findTarget } from '../../jobs/targets.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { documentOneTarget, formatTarget } from '../../ui/present/targets.js';
import { targetArg } from '../../ui/target-flags.js';

export default class TargetShow extends KmsCommand {
  static override summary = 'Show the settings of a target.';
  static override description =
    'Everything that its section says; keys stand elsewhere and are not shown.';
  static override examples = ['<%= config.bin %> <%= command.id %> offsite'];
  static override exitCodes = [ExitCode.notFound];
  static override args = {
    NAME: targetArg,
  };

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(TargetShow);
    const target = findTarget(args.NAME, flags);

    return { json: documentOneTarget(target), text: formatTarget(target) };
  }
}

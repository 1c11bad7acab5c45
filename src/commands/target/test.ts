import { ExitCode } from '../../errors.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import {
  documentTrial,
  formatTrial,
  trialExitCode,
} from '../../ui/present/targets.js';
import { targetArg } from '../../ui/target-flags.js';

export default class TargetTest extends KmsCommand {
  static override summary =
    'Try what an object store can do and what this machine may do there.';
  static override description =
    'Lists, writes, reads, sends parts and removes, with objects of a few bytes whose names begin with .kms-backup-probe. Exit code 1 when something would make a backup or a recovery fail.';
  static override examples = ['<%= config.bin %> <%= command.id %> offsite'];
  static override exitCodes = [ExitCode.notFound];
  static override args = {
    NAME: targetArg,
  };

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(TargetTest);
    const { testTarget } = await import('../../jobs/test-target.js');
    const trial = await testTarget(args.NAME, flags);

    return {
      exitCode: trialExitCode(trial),
      json: documentTrial(trial),
      text: formatTrial(trial),
    };
  }
}

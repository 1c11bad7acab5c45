import { ExitCode } from '../../errors.js';
import { removeTarget } from '../../jobs/targets.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { withEnvironment } from '../../ui/flags.js';
import {
  documentTargetEdit,
  formatTargetRemoved,
} from '../../ui/present/targets.js';
import { dryRunFlag, targetArg } from '../../ui/target-flags.js';

export default class TargetRm extends KmsCommand {
  static override summary = 'Take a target out of kms-backup.ini.';
  static override description =
    'The archives in the bucket stay, and can still be named as s3://BUCKET/PREFIX.';
  static override examples = ['<%= config.bin %> <%= command.id %> offsite'];
  static override exitCodes = [ExitCode.notFound];
  static override args = {
    NAME: targetArg,
  };
  static override flags = withEnvironment({ 'dry-run': dryRunFlag });

  protected override kept = 'kms-backup.ini is as it was';

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(TargetRm);
    const edit = removeTarget(args.NAME, flags);

    return { json: documentTargetEdit(edit), text: formatTargetRemoved(edit) };
  }
}

import { Args } from '@oclif/core';
import { ExitCode } from '../../errors.js';
import { addTarget } from '../../jobs/targets.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { withEnvironment } from '../../ui/flags.js';
import {
  documentTargetEdit,
  formatTargetAdded,
} from '../../ui/present/targets.js';
import { dryRunFlag, targetArg, targetFlags } from '../../ui/target-flags.js';

export default class TargetAdd extends KmsCommand {
  static override summary =
    'Add an object store or a directory as a place for archives.';
  static override description =
    'Writes a section [target.NAME] into kms-backup.ini. Its name then stands where a directory could: --backup-dir NAME, verify NAME. What is said of a directory, such as whom its archives are sealed for, holds however it is named. Keys are not written there: they come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a file, a profile, a program, or the role of the machine.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> offsite s3://mail-backup/mail1 --region eu-central-1',
    '<%= config.bin %> <%= command.id %> ceph s3://mail-backup --endpoint https://objects.example.com --credentials-file /etc/kms-backup/keys',
    '<%= config.bin %> <%= command.id %> vault /mnt/vault --recipients age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj',
  ];
  static override exitCodes = [ExitCode.notFound];
  static override args = {
    NAME: targetArg,
    ADDRESS: Args.string({
      description:
        's3://BUCKET/PREFIX, in place of --bucket and --prefix; or a directory.',
    }),
  };
  static override flags = {
    ...targetFlags,
    ...withEnvironment({ 'dry-run': dryRunFlag }),
  };

  protected override kept = 'kms-backup.ini is as it was';

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(TargetAdd);
    const edit = addTarget(args.NAME, args.ADDRESS, flags);

    return { json: documentTargetEdit(edit), text: formatTargetAdded(edit) };
  }
}

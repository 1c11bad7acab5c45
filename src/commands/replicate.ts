import { Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { noteReplication } from '../jobs/note-acts.js';
import { toReplicateRequest } from '../jobs/replicate-request.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import {
  backupDirFlag,
  lockWaitFlag,
  newTargetFlag,
  withEnvironmentOf,
} from '../ui/flags.js';
import {
  documentReplicate,
  formatReplicate,
  replicateExitCode,
} from '../ui/present/replicate.js';

export default class Replicate extends KmsCommand {
  static override acts = 'always' as const;
  static override summary = 'Copy proven archives to a second place.';
  static override description =
    'Copies what the second place does not have yet, proves it there, and removes there what [mirror] last of kms-backup.ini no longer keeps. A volume that is there already is not sent again. The archives of the backup directory stay as they are. Without [mirror] last nothing is removed.';
  static override examples = [
    '<%= config.bin %> replicate',
    '<%= config.bin %> replicate --to /mnt/usb-disk --dry-run',
    '<%= config.bin %> replicate --to s3://mail-backup/mail',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.damaged,
    ExitCode.notFound,
    ExitCode.locked,
    ExitCode.noSpace,
  ];
  static override flags = withEnvironmentOf('replicate', {
    to: Flags.string({
      helpValue: 'TARGET',
      summary:
        'A directory, s3://BUCKET/PREFIX or a target. Default: [mirror] to of kms-backup.ini.',
    }),
    'backup-dir': backupDirFlag,
    'new-target': newTargetFlag,
    'dry-run': Flags.boolean({
      summary: 'Say what would be copied and removed, and change nothing.',
    }),
    'lock-wait': lockWaitFlag,
  });

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(Replicate);
    const request = toReplicateRequest(
      flags,
      this.signal,
      this.startProgress(flags),
    );

    await this.useNetworkDisk(request.source.localDirectory, flags);

    const { mirrorArchives } = await import('../jobs/mirror-archives.js');
    const end = await mirrorArchives({
      ...request,
      reach: (place) => this.useNetworkDisk(place.localDirectory, flags),
    });
    noteReplication(end);
    this.warnAll(end.report.warnings);

    return {
      exitCode: replicateExitCode(end),
      json: documentReplicate(end),
      text: formatReplicate(end),
      isSummary: !request.isDryRun,
    };
  }
}

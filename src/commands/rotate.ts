import { Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { noteRotation } from '../jobs/note-acts.js';
import { toRotateRequest } from '../jobs/rotate-request.js';
import { runRotate } from '../rotate/run-rotate.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { identityFlags, lockWaitFlag, withEnvironment } from '../ui/flags.js';
import { formatRotate } from '../ui/present/rotate.js';

export default class Rotate extends KmsCommand {
  static override acts = 'always' as const;
  static override summary = 'Remove archives that no rule keeps.';
  static override description =
    'Keeps what [retention] of kms-backup.ini says, or at most N complete backups, fulls and copies alike, with the differentials that need them. Only proven backups push out others; the last one stays whatever the rules are. Files that are no archives are never touched.';
  static override examples = [
    '<%= config.bin %> rotate --dry-run',
    '<%= config.bin %> rotate --keep 3 --backup-dir /mnt/server-backup',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.notFound,
    ExitCode.locked,
  ];
  static override flags = withEnvironment({
    'backup-dir': Flags.string({
      helpValue: 'DIR',
      summary: "Where archives lie. Default: the server's backup directory.",
    }),
    keep: Flags.integer({
      min: 1,
      helpValue: 'N',
      summary:
        "How many complete backups stay. Default: [retention] of kms-backup.ini, else the server's limit.",
    }),
    ...identityFlags,
    'dry-run': Flags.boolean({
      summary: 'Say what would be removed and why, and remove nothing.',
    }),
    'lock-wait': lockWaitFlag,
  });

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(Rotate);
    const request = toRotateRequest(flags, this.signal);

    await this.useNetworkDisk(request.storage.localDirectory, flags);

    const { report } = await runRotate(request);
    noteRotation(report);

    return {
      exitCode: report.failures > 0 ? ExitCode.incomplete : ExitCode.done,
      json: report,
      text: formatRotate(report),
      isSummary: !report.isDryRun,
    };
  }
}

import { Args } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { identityFlags, withEnvironment } from '../ui/flags.js';
import { formatDiff } from '../ui/present/diff.js';
import { diffExitCode, documentDiff } from '../ui/present/diff-document.js';
import { scopeFlags } from '../ui/scope-flags.js';
import { terminalColumns } from '../ui/terminal-text.js';

export default class Diff extends KmsCommand {
  static override summary =
    'Tell what changed between two backups, or since a backup.';
  static override description =
    'Compares two archives, or an archive with the live store: messages that are new, changed, deleted or moved to another folder, by user and folder, and what else differs. A directory means its newest backup. Reads no more contents than it must. Differences are no failure: the exit code is 0. --verbose lists the messages with date, sender and subject.';
  static override examples = [
    '<%= config.bin %> diff /mnt/server-backup',
    '<%= config.bin %> diff /mnt/server-backup/F20260118T220007Z.zip /mnt/server-backup -u alice@example.com --verbose',
    '<%= config.bin %> diff /mnt/server-backup -d example.com --json',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.damaged,
    ExitCode.notFound,
    ExitCode.noBase,
  ];
  static override args = {
    A: Args.string({
      required: true,
      description: 'The earlier backup: an archive or a directory of archives.',
    }),
    B: Args.string({
      description: 'The later one. Default: the live store.',
    }),
  };
  static override flags = withEnvironment({
    ...scopeFlags,
    ...identityFlags,
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Diff);
    const job = await import('../jobs/diff.js');
    const onProgress = this.startProgress(flags);

    await this.useNetworkDisk(args.A, flags);
    await this.useNetworkDisk(args.B, flags);

    const opened = await job.openDiff(args.A, args.B, flags);
    const report = await job.diffMoments(opened, {
      listsMessages: flags.json || flags.verbose,
      readsHeaders: flags.verbose,
      onProgress,
    });

    this.stopProgress();
    this.warnAll(report.warnings);

    return {
      exitCode: diffExitCode(report),
      json: documentDiff(report),
      text: formatDiff(report, terminalColumns()),
    };
  }
}

import { Args, Flags } from '@oclif/core';
import { ExitCode, UsageError } from '../errors.js';
import type { DrillFlags } from '../jobs/drill-request.js';
import { CheckCommand } from '../ui/check-command.js';
import type { CommonFlags, Outcome } from '../ui/command.js';
import { identityFlags, threadsFlag, withEnvironmentOf } from '../ui/flags.js';
import {
  documentDrill,
  drillExitCode,
  formatDrill,
} from '../ui/present/drill.js';

const shareFlag = Flags.custom<number>({
  helpValue: 'PERCENT',
  parse: (input) => {
    const percent = /^(\d+(?:\.\d+)?)%?$/.exec(input)?.[1];
    const share = Number(percent ?? 0);
    if (share > 0 && share <= 100) return Promise.resolve(share);

    throw new UsageError(`not a share of the mailboxes: ${input}`, {
      hints: ['Write a percentage: --sample 5%.'],
    });
  },
});

export default class Drill extends CheckCommand {
  static override acts = 'always' as const;
  static override summary =
    'Rehearse a recover: bring mail back into a scratch directory, prove it, and remove it.';
  static override description =
    "Recovers one mailbox of the newest backup, chosen by chance, exactly as recover does, and touches no mail server. Counts and checksums are compared with the archive, with the live files that are unchanged since, and messages are opened. Says how long a recover of everything would take. Of the server's own directory, without DIR, its end is told as that of a backup.";
  static override examples = [
    '<%= config.bin %> drill',
    '<%= config.bin %> drill /mnt/server-backup --sample 5% --to /var/tmp',
    '<%= config.bin %> drill -u alice@example.com --keep',
    '<%= config.bin %> drill "E:\\backup 2" --full',
  ];
  static override exitCodes = [
    ExitCode.damaged,
    ExitCode.notFound,
    ExitCode.noBase,
    ExitCode.noSpace,
  ];
  static override args = {
    'DIR|FILE': Args.string({
      name: 'DIR|FILE',
      description:
        "A backup directory or an archive. Default: the server's directory.",
    }),
  };
  static override flags = withEnvironmentOf('drill', {
    full: Flags.boolean({ summary: 'Recover everything of it.' }),
    sample: shareFlag({
      summary: 'Recover this share of the mailboxes, chosen by chance: 5%.',
    }),
    domain: Flags.string({
      char: 'd',
      helpValue: 'DOMAIN',
      summary: 'Recover this domain.',
    }),
    user: Flags.string({
      char: 'u',
      helpValue: 'USER',
      summary: 'Recover this user: alice, or alice@example.com.',
    }),
    seed: Flags.integer({
      min: 0,
      helpValue: 'N',
      summary: 'Let chance choose the same mailboxes again, as a report says.',
    }),
    to: Flags.string({
      helpValue: 'DIR',
      summary:
        'A directory on a disk with room; a private one is made in it. Default: one that is found.',
    }),
    keep: Flags.boolean({
      summary: 'Leave what was recovered there.',
    }),
    ...identityFlags,
    threads: threadsFlag,
  });

  protected override stopsAtOnce = true;
  protected override kept = 'what was recovered for the drill is removed';

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Drill);
    const path = await this.archivesPath('drill', args['DIR|FILE'], flags);

    await this.useNetworkDisk(path, flags);

    return this.told('drill', path, { given: args['DIR|FILE'], flags }, () =>
      this.#drill(path, flags),
    );
  }

  async #drill(
    path: string,
    flags: CommonFlags & DrillFlags,
  ): Promise<Outcome> {
    const { drill } = await import('../jobs/drill.js');
    const report = await drill(path, flags, {
      signal: this.signal,
      onProgress: this.startProgress(flags),
      beforeWrite: () => {
        this.stopsAtOnce = false;
      },
    });

    this.stopProgress();
    this.warnAll(report.warnings);

    return {
      exitCode: drillExitCode(report),
      json: documentDrill(report),
      text: formatDrill(report),
      isSummary: true,
    };
  }
}

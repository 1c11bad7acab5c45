import { Args } from '@oclif/core';
import { ExitCode } from '../errors.js';
import type { Outcome } from '../ui/command.js';
import { PutBackCommand } from '../ui/put-back-command.js';
import { recoverFlags } from '../ui/recover-flags.js';
import { inGroups } from '../ui/recover-groups.js';

export default class Recover extends PutBackCommand {
  static override acts = 'always' as const;
  static override summary = 'Recover mail and configuration from an archive.';
  static override description =
    'A directory means its last complete backup: the newest full and its newest differential, or the newest copy. A file means that one. The new state is extracted beside the old one and proven, byte by byte, before anything is replaced. What is replaced is kept for --rollback where the space is there.';
  static override examples = [
    '<%= config.bin %> recover /mnt/server-backup',
    '<%= config.bin %> recover "E:\\backup 2" --yes',
    '<%= config.bin %> recover /mnt/server-backup/F20060118T220007Z.zip --dry-run',
    '<%= config.bin %> recover /mnt/server-backup -d example.com -u alice -f INBOX --additive',
    '<%= config.bin %> recover /mnt/server-backup -u alice@example.com -f INBOX --imap mail.example.com',
    '<%= config.bin %> recover /mnt/server-backup --salvage --dry-run',
    '<%= config.bin %> recover --rollback',
    '<%= config.bin %> recover --forget --dry-run',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.damaged,
    ExitCode.notFound,
    ExitCode.locked,
    ExitCode.noBase,
    ExitCode.engineRunning,
    ExitCode.noSpace,
  ];
  static override args = {
    'DIR|FILE': Args.string({
      description: 'A backup directory or an archive.',
    }),
  };
  static override flags = inGroups(recoverFlags);

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Recover);

    const { imap } = flags;
    if (imap !== undefined) {
      return this.putBack(args['DIR|FILE'], { ...flags, imap });
    }

    if (flags.rollback) return this.rollBack(flags);
    if (flags.forget) return this.forget(flags);

    return this.recover(args['DIR|FILE'], flags);
  }
}

import { Args } from '@oclif/core';
import { ExitCode, UsageError } from '../errors.js';
import { toQuery } from '../jobs/mail-query.js';
import type { LiveFlags } from '../jobs/browse-mail.js';
import {
  openMail,
  type ScopeFlags,
  toTypedScope,
} from '../jobs/select-mail.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { exportFlags } from '../ui/export-flags.js';
import {
  documentExport,
  formatExport,
  formatUnsearched,
} from '../ui/present/export.js';
import { openPrompts } from '../ui/prompts.js';

export default class Export extends KmsCommand {
  static override summary =
    'Hand over mail from an archive in a format that others read.';
  static override description =
    'zip, tar and tar.gz hold .eml files in the folders people know. mbox is one file for everything, or with a directory as output (a final /) one file a folder. A Maildir is a directory, or packed where the output is named .tar, .tar.gz or .zip.';
  static override examples = [
    '<%= config.bin %> export /mnt/server-backup -u alice@example.com --output alice.zip',
    '<%= config.bin %> export /mnt/server-backup -u alice@example.com -f INBOX --format mbox --output alice.mbox',
    '<%= config.bin %> export /mnt/server-backup -d example.com --format maildir --output - | ssh new-server tar -x',
  ];
  static override exitCodes = [
    ExitCode.damaged,
    ExitCode.notFound,
    ExitCode.noBase,
    ExitCode.noSpace,
  ];
  static override args = {
    'DIR|FILE': Args.string({
      required: true,
      description: 'Where the mail is.',
    }),
  };
  static override flags = exportFlags;

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Export);
    const from = args['DIR|FILE'];
    await this.useNetworkDisk(from, flags);

    const isPiped = flags.output === '-';
    this.kept = isPiped
      ? 'what was written is cut off'
      : `nothing was written to ${flags.output}`;
    if (isPiped && flags.json) {
      throw new UsageError('--json and --output - both want standard output');
    }

    const choice = flags.interactive
      ? await browse(from, flags)
      : { from, scope: toTypedScope(flags) };
    const onProgress = this.startProgress(flags);
    const mail = await openMail(choice.from, choice.scope, 'export');

    this.warnAll(mail.notes);

    const query = toQuery(flags);
    const job = await import('../jobs/export-mail.js');
    const chosen = await job.chooseMessages(mail, query, this.signal);

    this.warnAll(chosen.problems.map(formatUnsearched));
    job.refuseNothing(chosen);
    this.stopsAtOnce = false;

    const control = { signal: this.signal, onProgress };
    const report = await job.exportMail(chosen, flags, control);

    this.stopProgress();

    const text = formatExport(report, query ? 0 : mail.hiddenItems);
    // Standard output is the export's own then.
    if (isPiped && !flags.quiet) process.stderr.write(`${text}\n`);

    return {
      json: documentExport(report, mail.notes),
      text: isPiped ? '' : text,
      isSummary: true,
    };
  }
}

async function browse(
  from: string,
  flags: ScopeFlags & LiveFlags,
): ReturnType<typeof import('../ui/browse.js').browseMail> {
  const { browseMail } = await import('../ui/browse.js');
  const instead = 'Name the mail with --domain, --user and --folder.';
  const given = toTypedScope(flags);

  return browseMail(openPrompts(instead), { from, given, live: flags });
}

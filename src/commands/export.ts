import { Args, Flags } from '@oclif/core';
import { ExitCode, NotFoundError, UsageError } from '../errors.js';
import {
  EXPORT_FORMATS,
  type ExportFormat,
} from '../export/export-messages.js';
import { formatSize, plural } from '../platform/units.js';
import { messageNameOf } from '../store/mail-names.js';
import type { BrowseChoice } from '../ui/browse.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { withEnvironment } from '../ui/flags.js';
import {
  firstParts,
  type MailSource,
  onlyMessages,
  openMail,
  toTypedScope,
} from '../jobs/select-mail.js';
import { openPrompts } from '../ui/prompts.js';
import { searchFlags, toQuery } from '../ui/search-flags.js';
import { scopeFlags } from '../ui/scope-flags.js';
import type { MessageQuery } from '../mail/message-query.js';

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
  static override flags = withEnvironment({
    ...scopeFlags,
    ...searchFlags,
    format: Flags.string({
      options: [...EXPORT_FORMATS],
      default: 'zip',
      summary: 'What to write.',
    }),
    output: Flags.string({
      char: 'o',
      helpValue: 'FILE|-',
      required: true,
      summary: 'Where to; - is standard output.',
    }),
    interactive: Flags.boolean({
      char: 'i',
      summary: 'Choose archive, user, folder and messages from lists.',
    }),
    overwrite: Flags.boolean({ summary: 'Replace the file if it exists.' }),
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Export);
    await this.useNetworkDisk(args['DIR|FILE'], flags);

    const isPiped = flags.output === '-';
    this.kept = isPiped
      ? 'what was written is cut off'
      : `nothing was written to ${flags.output}`;
    if (isPiped && flags.json) {
      throw new UsageError('--json and --output - both want standard output');
    }

    const choice = flags.interactive
      ? await this.#browse(args['DIR|FILE'])
      : { from: args['DIR|FILE'], scope: toTypedScope(flags) };
    const onProgress = this.startProgress(flags);
    const whole = await openMail(choice.from, choice.scope, 'export');

    for (const note of whole.notes) this.warnPeople(note);

    const query = toQuery(flags);
    const source = query ? await this.#onlyFound(whole, query) : whole;

    if (source.counts.messages === 0) {
      throw new NotFoundError('no message matches', {
        hints: ['Try it with search.'],
      });
    }

    const { exportMessages } = await import('../export/export-messages.js');
    const { readMessages } = await import('../export/read-messages.js');

    this.stopsAtOnce = false;

    const report = await exportMessages({
      messages: readMessages(source.messages, source.indexes),
      scope: source.counts,
      format: flags.format as ExportFormat,
      output: flags.output,
      overwrite: flags.overwrite,
      signal: this.signal,
      onProgress,
    });

    this.stopProgress();

    const lines = [
      `Exported  ${plural(report.messages, 'message')}, ${formatSize(report.sizeBytes)}, as ${report.format} to ${report.output}`,
    ];
    if (!query && source.hiddenItems > 0) {
      lines.push(
        `Left out  ${plural(source.hiddenItems, 'hidden item')} of Outlook (#assoc): settings, no messages`,
      );
    }

    const text = lines.join('\n');
    // Standard output is the export's own then.
    if (isPiped && !flags.quiet) process.stderr.write(`${text}\n`);

    return {
      json: { schema: 'kms-backup/export/1', ...report, warnings: whole.notes },
      text: isPiped ? '' : text,
      isSummary: true,
    };
  }

  async #browse(from: string): Promise<BrowseChoice> {
    const { browseMail } = await import('../ui/browse.js');
    return browseMail(
      openPrompts('Name the mail with --domain, --user and --folder.'),
      from,
    );
  }

  async #onlyFound(
    source: MailSource,
    query: MessageQuery,
  ): Promise<MailSource> {
    const { searchMessages } = await import('../search/run-search.js');
    const { hits, problems } = await searchMessages(
      firstParts(source.messages),
      query,
      { signal: this.signal },
    );

    for (const { name, reason } of problems) {
      this.warnPeople(`not searched, it is damaged: ${name}: ${reason}`);
    }

    const names = new Set(hits.map(({ name }) => name));

    return onlyMessages(source, (place) => names.has(messageNameOf(place)));
  }
}

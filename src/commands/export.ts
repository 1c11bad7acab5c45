import { Args } from '@oclif/core';
import { ExitCode, UsageError } from '../errors.js';
import type { ExportReport } from '../export/export-messages.js';
import type { ArchivePlace } from '../archive/storages.js';
import { locate } from '../jobs/archive-places.js';
import type { RunControl } from '../jobs/backup-request.js';
import { toQuery } from '../jobs/mail-query.js';
import type { LiveFlags } from '../jobs/browse-mail.js';
import { listOfExport } from '../jobs/missing-list.js';
import {
  type MailSource,
  openMail,
  salvageMail,
  type ScopeFlags,
  toTypedScope,
} from '../jobs/select-mail.js';
import { STANDARD_OUTPUT } from '../platform/output-file.js';
import type { TypedScope } from '../store/mail-scope.js';
import { type CommonFlags, KmsCommand, type Outcome } from '../ui/command.js';
import { exportFlags } from '../ui/export-flags.js';
import {
  documentExport,
  formatExportLoss,
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
    ExitCode.incomplete,
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
    const given = args['DIR|FILE'];
    await this.useNetworkDisk(given, flags);

    const from = locate(given, flags);
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
    const control = { signal: this.signal, onProgress };
    const mail = await open(choice, flags.salvage, control);

    this.warnAll(mail.notes);

    const query = toQuery(flags);
    const job = await import('../jobs/export-mail.js');
    const chosen = await job.chooseMessages(mail, query, this.signal);

    this.warnAll(chosen.problems.map(formatUnsearched));
    job.refuseNothing(chosen);
    this.stopsAtOnce = false;

    const report = await job.exportMail(chosen, flags, control);

    this.stopProgress();

    const told = query ? { ...mail, hiddenItems: 0 } : mail;

    return this.#present(report, told, flags);
  }

  /** Standard output may be the export's own. */
  #present(
    report: ExportReport,
    mail: MailSource,
    flags: Pick<CommonFlags, 'quiet' | 'verbose'> & { output: string },
  ): Outcome {
    const list = listOfExport(flags.output, mail);
    const told = { lost: mail.lost, missingList: list.path };
    const isWhole = mail.lost.length === 0;
    const isPiped = flags.output === STANDARD_OUTPUT;
    const text = [
      formatExport(report, mail.hiddenItems),
      ...formatExportLoss(told, flags.verbose),
    ].join('\n');

    this.warnAll(list.warnings);
    if (isPiped && !(flags.quiet && isWhole)) {
      process.stderr.write(`${text}\n`);
    }

    return {
      exitCode: isWhole ? ExitCode.done : ExitCode.incomplete,
      json: documentExport(report, {
        ...told,
        warnings: [...mail.notes, ...list.warnings],
      }),
      text: isPiped ? '' : text,
      isSummary: true,
    };
  }
}

function open(
  { from, scope }: { from: ArchivePlace; scope: TypedScope },
  isSalvage: boolean,
  control: RunControl,
): Promise<MailSource> {
  return isSalvage
    ? salvageMail(from, scope, control)
    : openMail(from, scope, 'export');
}

async function browse(
  from: ArchivePlace,
  flags: ScopeFlags & LiveFlags,
): ReturnType<typeof import('../ui/browse.js').browseMail> {
  const { browseMail } = await import('../ui/browse.js');
  const instead = 'Name the mail with --domain, --user and --folder.';
  const given = toTypedScope(flags);

  return browseMail(openPrompts(instead), { from, given, live: flags });
}

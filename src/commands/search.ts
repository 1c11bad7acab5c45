import { archiveName } from '../archive/names.js';
import { Args, Flags } from '@oclif/core';
import { ExitCode, UsageError } from '../errors.js';
import { EVERY_MESSAGE } from '../mail/message-query.js';
import { type CommonFlags, KmsCommand, type Outcome } from '../ui/command.js';
import { openServer } from '../ui/context.js';
import { withEnvironment } from '../ui/flags.js';
import { firstParts, openMail, toTypedScope } from '../jobs/select-mail.js';
import { formatSearch, recoverCommand } from '../ui/present/search.js';
import { searchFlags, toQuery } from '../ui/search-flags.js';
import { scopeFlags } from '../ui/scope-flags.js';

export default class Search extends KmsCommand {
  static override summary = 'Find messages inside archives.';
  static override description =
    'Looks through the mail of the last complete backup, or of one archive and the full below it. Case and accents do not count. Prints the names that recover --message takes.';
  static override examples = [
    '<%= config.bin %> search /mnt/server-backup --from weber --subject "quarterly figures"',
    '<%= config.bin %> search /mnt/server-backup -u alice@example.com --since 2026-11-01 --before 2026-12-01 --deleted',
    '<%= config.bin %> search /mnt/server-backup/F20260118T220007Z.zip --message-id "<1.2@example.com>" --json',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.damaged,
    ExitCode.notFound,
    ExitCode.noBase,
  ];
  static override args = {
    'DIR|FILE': Args.string({ required: true, description: 'Where to look.' }),
  };
  static override flags = withEnvironment({
    ...searchFlags,
    ...scopeFlags,
    deleted: Flags.boolean({
      summary: 'Only messages that are no longer in the store.',
    }),
    store: Flags.string({
      char: 's',
      helpValue: 'DIR',
      summary: 'The store that --deleted looks at.',
    }),
    threads: Flags.integer({
      min: 1,
      max: 64,
      helpValue: 'N',
      summary: 'Worker threads. Default: one a processor core.',
    }),
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Search);
    const query =
      toQuery(flags) ?? (hasScope(flags) ? EVERY_MESSAGE : undefined);

    if (!query) {
      throw new UsageError('search for what?', {
        hints: ['Add --subject, --from, --text, … or --user.'],
      });
    }

    const storeDir = flags.deleted
      ? (flags.store ?? openServer(flags).settings.storeDir)
      : undefined;
    const onProgress = this.startProgress(flags);

    await this.useNetworkDisk(args['DIR|FILE'], flags);

    const source = await openMail(
      args['DIR|FILE'],
      toTypedScope(flags),
      'search',
    );

    for (const note of source.notes) this.warnPeople(note);

    const { searchMessages } = await import('../search/run-search.js');
    const { onlyDeleted } = await import('../search/live-mail.js');
    const options = { threads: flags.threads, onProgress, signal: this.signal };

    const all = await searchMessages(
      firstParts(source.messages),
      query,
      options,
    );

    const report =
      storeDir === undefined
        ? all
        : { ...all, hits: onlyDeleted(all.hits, storeDir) };

    const isFound = report.hits.length > 0;
    const answer = isFound ? ExitCode.done : ExitCode.notFound;

    return {
      exitCode: report.problems.length > 0 ? ExitCode.incomplete : answer,
      json: {
        schema: 'kms-backup/search/1',
        archives: source.chain.archives.map(({ stem }) => archiveName(stem)),
        searched: report.searched,
        messages: report.hits.map(
          ({ name, from, to, subject, messageId, date, sizeBytes }) => {
            return {
              name,
              from,
              to,
              subject,
              messageId,
              date: date ?? null,
              sizeBytes,
            };
          },
        ),
        problems: report.problems,
        warnings: source.notes,
        recover: isFound ? recoverCommand(report.hits, args['DIR|FILE']) : null,
      },
      text: formatSearch(report, args['DIR|FILE']),
    };
  }
}

function hasScope(
  flags: CommonFlags & {
    domain?: string | undefined;
    user?: string | undefined;
    folder?: string | undefined;
    deleted: boolean;
  },
): boolean {
  return (
    flags.deleted ||
    flags.domain !== undefined ||
    flags.user !== undefined ||
    flags.folder !== undefined
  );
}

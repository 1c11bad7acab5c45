import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { threadsFlag, withEnvironment } from '../ui/flags.js';
import {
  documentSearch,
  formatSearch,
  searchExitCode,
} from '../ui/present/search.js';
import { scopeFlags } from '../ui/scope-flags.js';
import { searchFlags } from '../ui/search-flags.js';

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
    threads: threadsFlag,
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Search);
    const from = args['DIR|FILE'];
    const job = await import('../jobs/search-mail.js');
    const search = job.toMailSearch(flags);
    const onProgress = this.startProgress(flags);

    await this.useNetworkDisk(from, flags);

    const source = await job.openSearched(from, flags);
    this.warnAll(source.notes);

    const found = await job.searchMail(source, search, {
      onProgress,
      signal: this.signal,
    });

    return {
      exitCode: searchExitCode(found),
      json: documentSearch(found, from),
      text: formatSearch(found, from),
    };
  }
}

import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { identityFlags, threadsFlag, withEnvironmentOf } from '../ui/flags.js';
import {
  documentSearch,
  formatSearch,
  searchExitCode,
} from '../ui/present/search.js';
import { scopeFlags } from '../ui/scope-flags.js';
import { searchFlags } from '../ui/search-flags.js';
import { terminalColumns } from '../ui/terminal-text.js';

export default class Search extends KmsCommand {
  static override summary = 'Find messages inside archives.';
  static override description =
    'Looks through the mail of all archives of a directory, each message once, or of one archive and the full below it. Case and accents do not count. Says in which archive a message was seen last and since when it is gone, and prints the recover that brings it back. Headers are kept in .kms-backup-headers beside the archives, for the next search, but not beside sealed ones.';
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
  static override flags = withEnvironmentOf('search', {
    ...searchFlags,
    ...scopeFlags,
    newest: Flags.boolean({
      summary: 'Only the last complete backup of the directory.',
    }),
    deleted: Flags.boolean({
      summary: 'Only messages that are no longer in the store.',
    }),
    store: Flags.string({
      char: 's',
      helpValue: 'DIR',
      summary: "The live store. Default: the server's.",
    }),
    cache: Flags.boolean({
      allowNo: true,
      default: true,
      summary: 'Keep headers beside the archives; on unless --no-cache.',
    }),
    ...identityFlags,
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

    const found = await job.searchMail(from, search, {
      onProgress,
      signal: this.signal,
      onWrite: (isWriting) => {
        this.stopsAtOnce = !isWriting;
      },
    });

    this.warnAll(found.warnings);

    return {
      exitCode: searchExitCode(found),
      // Of a million messages each takes long, and one of them is printed.
      get json() {
        return documentSearch(found, flags);
      },
      get text() {
        return formatSearch(found, flags, terminalColumns());
      },
    };
  }
}

import { ExitCode, UsageError } from '../errors.js';
import type { ArchivePlace } from '../archive/storages.js';
import { locate } from '../jobs/archive-places.js';
import type { RunControl } from '../jobs/backup-request.js';
import type { PlannedPutBack, PutBackFlags } from '../jobs/put-back-mail.js';
import { toScope } from '../jobs/recover-request.js';
import { toArchivesPath } from '../jobs/server.js';
import type { PutReport } from '../put-back/request.js';
import type { BrowseChoice } from './browse.js';
import type { Outcome } from './command.js';
import {
  documentPutBack,
  formatPutBack,
  formatPutPlan,
} from './present/put-back.js';
import { openPrompts } from './prompts.js';
import {
  confirm,
  RecoverCommand,
  type RecoverCommandFlags,
} from './recover-command.js';

/** The flags of `recover --imap` as parsed. */
type Flags = RecoverCommandFlags & PutBackFlags & { readonly imap: string };

/** The part of recover that speaks to a live account: log in, show the plan, ask, add. */
export abstract class PutBackCommand extends RecoverCommand {
  /** Puts messages back into an account of a mail server that runs. */
  protected async putBack(
    path: string | undefined,
    flags: Flags,
  ): Promise<Outcome> {
    const job = await import('../jobs/put-back-mail.js');

    await this.useNetworkDisk(path, flags);

    const { from, scope } = await chooseMail(path, flags);
    const shown = flags.noprogress ? { ...flags, progress: 'none' } : flags;
    const control: RunControl = {
      signal: this.signal,
      onProgress: this.startProgress(shown),
    };

    const planned = await job.planPutBack(from, scope, flags, {
      ...control,
      env: process.env,
      askPassword,
    });

    const { source } = planned;
    this.warnAll(source.notes);
    if (!flags['dry-run']) await this.#ask(planned, flags);

    this.stopsAtOnce = false;
    this.kept = flags['dry-run']
      ? 'nothing was changed'
      : 'what was added stays, and the same call goes on where it stopped';

    const report = await job.putBackMail(planned, flags['dry-run'], control);

    return {
      exitCode: exitCodeOf(report, planned),
      json: documentPutBack(report, planned),
      text: formatPutBack(report, planned, flags.verbose),
      isSummary: !flags['dry-run'],
    };
  }

  async #ask(planned: PlannedPutBack, flags: Flags): Promise<void> {
    this.stopProgress();

    try {
      if (!flags.quiet && !flags.json) {
        process.stderr.write(`${formatPutPlan(planned)}\n`);
      }

      if (!flags.yes) await confirm();
    } catch (error) {
      planned.session.close();
      planned.release();
      throw error;
    }
  }
}

/** Something is not in the account that should be. */
function exitCodeOf(
  { refused }: PutReport,
  { source }: PlannedPutBack,
): ExitCode {
  const isWhole = refused.length === 0 && source.lost.length === 0;

  return isWhole ? ExitCode.done : ExitCode.incomplete;
}

function askPassword(whose: string): Promise<string> {
  const instead =
    'Put the password into KMS_BACKUP_IMAP_PASSWORD, or name a file with --imap-password-file.';

  return openPrompts(instead).password(`Password of ${whose}:`);
}

/** The mail that a person chooses from lists, or that the command line names. */
async function chooseMail(
  path: string | undefined,
  flags: Flags,
): Promise<{
  readonly from: ArchivePlace;
  readonly scope: BrowseChoice['scope'] | undefined;
}> {
  if (!flags.interactive) {
    if (path !== undefined) {
      return { from: locate(path, flags), scope: undefined };
    }

    throw new UsageError('recover what? Name a backup directory or an archive');
  }

  const { browseMail } = await import('./browse.js');
  const instead = 'Name what to recover with -d, -u, -f or --message.';

  return browseMail(openPrompts(instead), {
    from: locate(toArchivesPath(path, flags), flags),
    given: toScope(flags) ?? { withSubfolders: true },
    live: flags,
  });
}

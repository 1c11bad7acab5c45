import { Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { diffLines } from '../server/config/diff.js';
import {
  onServer,
  type ReachedServer,
  type RunningPartName,
  type ViaFlags,
} from '../jobs/via.js';
import type { EditOptions, EditReport } from '../server/settings-source.js';
import { withEnvironment } from './flags.js';
import {
  RestartCommand,
  restartFlag,
  type RestartFlags,
} from './restart-command.js';
import { adminContext } from './via-flag.js';

/** The flags of every command that edits mailserver.cfg. */
export const editFlags = {
  ...withEnvironment({
    force: Flags.boolean({
      default: false,
      summary:
        'Edit although the mail server runs; it overwrites the file when it stops.',
    }),
    'dry-run': Flags.boolean({
      default: false,
      summary: 'Show the lines that would change, and write nothing.',
    }),
  }),
  'restart-server': restartFlag,
};

/** The base of the commands that edit mailserver.cfg. */
export abstract class EditCommand extends RestartCommand {
  static override acts = RestartCommand.acts;
  static override exitCodes = [
    ExitCode.notFound,
    ExitCode.locked,
    ExitCode.engineRunning,
    ExitCode.noSpace,
  ];
  protected override isVerbatim = true;
  protected override kept = 'mailserver.cfg is as it was';

  /**
   * Edits by the way that flags name; with --restart-server while the mail server is stopped: `run` reads what it edits after that.
   * What is wrong with the edit is found before, by a preview.
   */
  protected edit<Result>(
    flags: ViaFlags & RestartFlags & { readonly force: boolean },
    part: RunningPartName,
    run: (server: ReachedServer, options: EditOptions) => Promise<Result>,
  ): Promise<Result> {
    const command = (this.id ?? '').replaceAll(':', ' ');
    const options = this.editOptions(command, flags);
    const isPreviewed = flags['restart-server'] && !options.isDryRun;
    if (flags.via === 'api') {
      this.kept = 'what the running server was told by then holds';
    }

    const context = adminContext(this.signal);

    return onServer(flags, part, context, async (server) => {
      if (isPreviewed) await run(server, { ...options, isDryRun: true });

      return this.whileStopped(
        server.installation,
        flags,
        () => run(server, options),
        server.source.refuseWhileBusy,
      );
    });
  }

  protected editOptions(
    command: string,
    flags: { force: boolean; 'dry-run'?: boolean },
  ): EditOptions {
    return {
      command,
      clock: systemClock,
      isForced: flags.force,
      isDryRun: flags['dry-run'] ?? false,
      signal: this.signal,
    };
  }
}

/** For people: the lines that a dry run would change. */
export function formatDryRun(
  report: Pick<EditReport, 'before' | 'after'>,
): string {
  const lines = diffLines(report.before.document, report.after.document);
  return lines.length === 0
    ? 'Nothing to change.'
    : [...lines, 'Nothing was changed.'].join('\n');
}

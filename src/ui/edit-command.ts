import { Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { diffLines } from '../server/config/diff.js';
import type { EditOptions, EditReport } from '../server/settings-source.js';
import {
  onServer,
  type ReachedServer,
  type RunningPartName,
  type ViaFlags,
} from '../jobs/via.js';
import { KmsCommand } from './command.js';
import { withEnvironment } from './flags.js';
import { adminContext } from './via-flag.js';

/** The flags of every command that edits mailserver.cfg. */
export const editFlags = withEnvironment({
  force: Flags.boolean({
    default: false,
    summary:
      'Edit although the mail server runs; it overwrites the file when it stops.',
  }),
  'dry-run': Flags.boolean({
    default: false,
    summary: 'Show the lines that would change, and write nothing.',
  }),
});

/** The base of the commands that edit mailserver.cfg. */
export abstract class EditCommand extends KmsCommand {
  static override exitCodes = [
    ExitCode.notFound,
    ExitCode.locked,
    ExitCode.engineRunning,
    ExitCode.noSpace,
  ];
  protected override isVerbatim = true;
  protected override kept = 'mailserver.cfg is as it was';

  /** Edits by the way that flags name. */
  protected onServer<Result>(
    flags: ViaFlags,
    part: RunningPartName,
    work: (server: ReachedServer) => Promise<Result>,
  ): Promise<Result> {
    if (flags.via === 'api') {
      this.kept = 'what the running server was told by then holds';
    }

    return onServer(flags, part, adminContext(this.signal), work);
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

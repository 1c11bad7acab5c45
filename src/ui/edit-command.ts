import { Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { diffLines } from '../server/config-diff.js';
import type { EditOptions, EditReport } from '../server/config-file.js';
import { findInstallation, type Installation } from '../server/installation.js';
import { type CommonFlags, KmsCommand } from './command.js';
import { withEnvironment } from './flags.js';

/** The flags of every command that edits mailserver.cfg. */
export const editFlags = withEnvironment({
  force: Flags.boolean({ summary: 'Edit although the mail server runs; it overwrites the file when it stops.' }),
  'dry-run': Flags.boolean({ summary: 'Show the lines that would change, and write nothing.' }),
});

/** The base of the commands that edit mailserver.cfg. */
export abstract class EditCommand extends KmsCommand {
  static override exitCodes = [ExitCode.notFound, ExitCode.locked, ExitCode.engineRunning];

  protected installation(flags: CommonFlags): Installation {
    return findInstallation({ serverDir: flags['server-dir'] });
  }

  protected editOptions(command: string, flags: { force: boolean; 'dry-run'?: boolean }): EditOptions {
    return {
      command,
      clock: systemClock,
      isForced: flags.force,
      isDryRun: flags['dry-run'] ?? false,
      signal: this.signal,
    };
  }

  protected warnAll(warnings: readonly string[]): void {
    for (const warning of warnings) this.warnPeople(warning);
  }
}

/** For people: what an edit changed, or would change, line by line. */
export function formatEdit(report: Pick<EditReport, 'before' | 'after'>, isDryRun: boolean): string {
  const lines = diffLines(report.before, report.after);
  if (lines.length === 0) return 'Nothing to change.';
  return isDryRun ? [...lines, 'Nothing was changed.'].join('\n') : lines.join('\n');
}

import { Flags } from '@oclif/core';
import { ExitCode, UsageError } from '../../errors.js';
import {
  showLogFile,
  showRunningLog,
  type ShownLog,
} from '../../jobs/shown-log.js';
import { onServer } from '../../jobs/via.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { document } from '../../ui/document.js';
import { withEnvironment } from '../../ui/flags.js';
import { printLine, printUntilStopped } from '../../ui/print-lines.js';
import { adminContext, viaFlags } from '../../ui/via-flag.js';

export default class LogShow extends KmsCommand {
  static override summary = "Print the debug log's Store Backup messages.";
  static override description =
    'Reads debug.log in the log directory that mailserver.cfg names, or with --via api what the server that runs tells of it. --follow goes on until Ctrl+C.';
  static override examples = [
    '<%= config.bin %> log show',
    '<%= config.bin %> log show --follow',
  ];
  static override exitCodes = [ExitCode.notFound];
  static override flags = {
    ...viaFlags,
    ...withEnvironment({
      follow: Flags.boolean({
        char: 'f',
        summary: 'Print lines as they are written.',
      }),
      lines: Flags.integer({
        char: 'n',
        min: 0,
        helpValue: 'N',
        summary: 'Only the last N lines.',
      }),
    }),
  };

  protected override isVerbatim = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(LogShow);
    if (flags.follow && flags.json) {
      throw new UsageError(
        '--follow prints lines; it cannot end as one JSON document',
      );
    }

    return onServer(
      flags,
      'log',
      adminContext(this.signal),
      async ({ installation, calls }) => {
        if (!calls) {
          return this.#show(showLogFile(installation, flags.follow), flags);
        }

        return this.#show(await showRunningLog(calls), flags);
      },
    );
  }

  async #show(
    { path, isEnabled, lines: all, follow }: ShownLog,
    flags: { readonly follow: boolean; readonly lines?: number | undefined },
  ): Promise<Outcome> {
    if (isEnabled !== true) {
      this.warnPeople(
        isEnabled === false
          ? 'Store Backup messages are off: log enable store-backup switches them on.'
          : 'Whether Store Backup messages are on, the running server does not tell.',
      );
    }

    const lines = all.slice(
      Math.max(0, all.length - (flags.lines ?? all.length)),
    );

    if (!flags.follow) {
      return {
        json: document('log', { path, isEnabled, lines }),
        text: lines.join('\n'),
      };
    }

    lines.forEach(printLine);

    // Ctrl+C is how it ends: nothing went wrong.
    const exitCode = await printUntilStopped(
      (signal) => follow(printLine, signal),
      this.signal,
    );

    return { exitCode: exitCode ?? ExitCode.done, json: {}, text: '' };
  }
}

import { Flags } from '@oclif/core';
import {
  followBackupLog,
  openBackupLog,
} from '../../config/store-backup-log.js';
import { ExitCode, UsageError } from '../../errors.js';
import { findServer } from '../../jobs/server.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { document } from '../../ui/document.js';
import { withEnvironment } from '../../ui/flags.js';
import { printLine, printUntilStopped } from '../../ui/print-lines.js';

export default class LogShow extends KmsCommand {
  static override summary = "Print the debug log's Store Backup messages.";
  static override description =
    'Reads debug.log in the log directory that mailserver.cfg names. --follow goes on until Ctrl+C.';
  static override examples = [
    '<%= config.bin %> log show',
    '<%= config.bin %> log show --follow',
  ];
  static override exitCodes = [ExitCode.notFound];
  static override flags = withEnvironment({
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
  });

  protected override isVerbatim = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(LogShow);
    if (flags.follow && flags.json) {
      throw new UsageError(
        '--follow prints lines; it cannot end as one JSON document',
      );
    }

    const log = openBackupLog(findServer(flags));
    if (!log.isEnabled) {
      this.warnPeople(
        'Store Backup messages are off: log enable store-backup switches them on.',
      );
    }

    const all = [...log.reader.read(!flags.follow)];
    const lines = all.slice(
      Math.max(0, all.length - (flags.lines ?? all.length)),
    );

    if (flags.follow) {
      lines.forEach(printLine);

      // Ctrl+C is how it ends: nothing went wrong.
      const exitCode = await printUntilStopped(
        (signal) => followBackupLog(log, printLine, signal),
        this.signal,
      );

      return { exitCode: exitCode ?? ExitCode.done, json: {}, text: '' };
    }

    log.reader.close();

    const { path, isEnabled } = log;

    return {
      json: document('log', { path, isEnabled, lines }),
      text: lines.join('\n'),
    };
  }
}

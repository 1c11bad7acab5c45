import { Flags } from '@oclif/core';
import {
  followBackupLog,
  openBackupLog,
} from '../../config/store-backup-log.js';
import {
  errnoOf,
  ExitCode,
  type InterruptedError,
  UsageError,
} from '../../errors.js';
import { outputError, STANDARD_OUTPUT } from '../../platform/output-file.js';
import { findInstallation } from '../../server/installation.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { document } from '../../ui/document.js';
import { withEnvironment } from '../../ui/flags.js';

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

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(LogShow);
    if (flags.follow && flags.json) {
      throw new UsageError(
        '--follow prints lines; it cannot end as one JSON document',
      );
    }

    const log = openBackupLog(
      findInstallation({ serverDir: flags['server-dir'] }),
    );
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
      const print = (line: string): boolean =>
        process.stdout.write(`${line}\n`);
      lines.forEach(print);

      const gone = await this.#untilStopped((signal) =>
        followBackupLog(log, print, signal),
      );
      if (gone !== undefined && errnoOf(gone) !== 'EPIPE') {
        throw outputError(STANDARD_OUTPUT, gone);
      }

      if (gone !== undefined) return { json: {}, text: '' };

      // Ctrl+C is how it ends: nothing went wrong.
      const { exitCode } = this.signal.reason as InterruptedError;

      return { exitCode, json: {}, text: '' };
    }

    log.reader.close();

    return {
      json: document('log', {
        path: log.path,
        isEnabled: log.isEnabled,
        lines,
      }),
      text: lines.join('\n'),
    };
  }

  /** Follows until Ctrl+C, or until standard output cannot be written: the error is returned then. */
  async #untilStopped(
    follow: (signal: AbortSignal) => Promise<void>,
  ): Promise<unknown> {
    const output = new AbortController();
    const onError = (error: Error): void => {
      output.abort(error);
    };

    process.stdout.on('error', onError);
    await follow(AbortSignal.any([this.signal, output.signal]));
    process.stdout.off('error', onError);

    return output.signal.reason;
  }
}

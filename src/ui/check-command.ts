/** The common part of the commands that prove archives: how they end is told as the end of a backup is. */
import { ConfigurationError } from '../errors.js';
import { toArchivesPath } from '../jobs/server.js';
import type { ToldCheck } from '../jobs/tell-check.js';
import { type CommonFlags, KmsCommand, type Outcome } from './command.js';

export abstract class CheckCommand extends KmsCommand {
  /** The archives that are meant; a server whose settings cannot be read is told as any other failure. */
  protected async archivesPath(
    command: ToldCheck['command'],
    given: string | undefined,
    flags: CommonFlags,
  ): Promise<string> {
    try {
      return toArchivesPath(given, flags);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;

      const fail = (): Promise<Outcome> => Promise.reject(error);
      await this.told(command, '', { given, flags }, fail);

      throw error;
    }
  }

  /**
   * Runs a check, and tells its end where it is one of the server's own archives: who names a directory looks by hand.
   * @param given the directory or archive that was named
   */
  protected async told(
    command: ToldCheck['command'],
    path: string,
    { given, flags }: { given: string | undefined; flags: CommonFlags },
    run: () => Promise<Outcome>,
  ): Promise<Outcome> {
    if (given !== undefined) return run();

    const { runTold } = await import('../jobs/tell-check.js');
    const check: ToldCheck = {
      command,
      place: path,
      serverDir: flags['server-dir'],
      signal: this.signal,
      onWarnings: (warnings) => {
        this.stopProgress();
        this.warnAll(warnings);
      },
    };

    return runTold(check, run);
  }
}

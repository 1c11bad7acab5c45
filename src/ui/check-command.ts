/** The common part of the commands that prove archives: how they end is told as the end of a backup is. */
import type { ToldCheck } from '../jobs/tell-check.js';
import { type CommonFlags, KmsCommand, type Outcome } from './command.js';

export abstract class CheckCommand extends KmsCommand {
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

import { Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import type { Installation } from '../server/installation.js';
import { KmsCommand } from './command.js';
import type { Acts } from './run-recorder.js';

/** Without a variable of the environment: no server stops because of what somebody's profile says. */
export const restartFlag = Flags.boolean({
  default: false,
  exclusive: ['force'],
  summary:
    'Stop the mail server, wait until it is gone, act, and start it again.',
});

/** The flags of a command that may stop the mail server meanwhile, as parsed. */
export interface RestartFlags {
  readonly 'restart-server': boolean;
  readonly 'dry-run'?: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** The base of the commands that need the mail server stopped, and can see to that. */
export abstract class RestartCommand extends KmsCommand {
  static override exitCodes: readonly ExitCode[] = [];
  static override acts: Acts = 'when it restarts';

  /** For the document: how long the mail server was stopped; nothing where it was not. */
  protected downtime: { readonly downMs?: number | undefined } = {};

  /**
   * Acts; with --restart-server, and not for a preview, while the mail server is stopped.
   * @param refuseWhileBusy refuses before the stop what `act` would refuse because others are at work
   */
  protected async whileStopped<T>(
    installation: Installation | undefined,
    flags: RestartFlags,
    act: () => Promise<T>,
    refuseWhileBusy: () => void = () => undefined,
  ): Promise<T> {
    if (!installation) return act();

    const isAsked = flags['restart-server'] && flags['dry-run'] !== true;
    if (!isAsked) {
      const { warnOfLeftStopped } = await import('../jobs/left-stopped.js');
      await warnOfLeftStopped(installation, systemClock);

      return act();
    }

    const job = await import('../jobs/restart-server.js');

    // From here on whoever ends where it stands leaves a server that nobody starts.
    this.stopsAtOnce = false;
    const { result, downMs } = await job.whileStopped(
      {
        installation,
        command: (this.id ?? '').replaceAll(':', ' '),
        clock: systemClock,
        signal: this.signal,
        refuseWhileBusy,
        tell: (text) => {
          if (!flags.quiet && !flags.json) this.showPeople(text);
        },
        begin: () => this.beginToAct(),
      },
      act,
    );
    this.downtime = { downMs };

    return result;
  }
}

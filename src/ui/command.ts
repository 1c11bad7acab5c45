import { Command, type Interfaces } from '@oclif/core';
import { ExitCode, InterruptedError, type StopSignal } from '../errors.js';
import type { OnProgress } from '../platform/progress.js';
import { tellStep } from '../platform/steps.js';
import { TOOL } from '../platform/tool.js';
import { takeNotes } from '../platform/run-notes.js';
import {
  type IdentityFlags,
  offerIdentitiesOf,
  withdrawIdentities,
} from '../jobs/offer-identities.js';
import { askDiskPassword } from './disk-password.js';
import { commonFlags } from './flags.js';
import { printedDocument } from './document.js';
import { exitNow, onStopSignal } from './interruption.js';
import { adoptOldVariables } from './old-variables.js';
import { jsonPieces } from './json-pieces.js';
import { presentError, wantsJson, writeOut } from './present/error.js';
import { Progress, type ProgressMode } from './progress.js';
import { type Acts, RunRecorder } from './run-recorder.js';
import { startStepLog, tellProgress } from './step-log.js';
import { fitText } from './terminal-text.js';
import { paint } from './tones.js';

/** The result of a command, as text or as one JSON document. */
export interface Outcome {
  /** Default: 0. */
  readonly exitCode?: ExitCode;
  /** The JSON document; its `schema` is `kms-backup/<thing>/1`. */
  readonly json: object;
  /** The text for people, without the final line end. */
  readonly text: string;
  /** The text tells what was done, not what was asked for: `--quiet` leaves it out where the exit code is 0. */
  readonly isSummary?: boolean;
}

/** The flags of every command. */
export interface CommonFlags {
  readonly 'server-dir'?: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly progress: string;
}

/**
 * The base of every command: parses nothing itself, runs `execute`, prints its outcome and maps errors to exit codes.
 * stdout carries the result alone; warnings, progress and errors for people go to stderr.
 */
export abstract class KmsCommand extends Command {
  static override baseFlags = commonFlags;
  /** The exit codes that the help lists; every command can also end with those of `ALWAYS_POSSIBLE`. */
  static exitCodes: readonly ExitCode[] = [];
  /** Whether its runs are written into the history. */
  static acts: Acts = 'never';

  /** The results that remain after a signal, for the line about it. */
  protected kept = 'nothing was changed';
  /** While nothing is written and nothing temporary lies anywhere, a signal ends the program where it stands. */
  protected stopsAtOnce = false;

  /** Its text is for programs, or a file's: lines stay as they are on a terminal too. */
  protected isVerbatim = false;

  readonly #controller = new AbortController();
  #progress: Progress | undefined;
  readonly #leaveDisks: (() => string | undefined)[] = [];
  #isQuiet = false;
  #endStepLog: (() => void) | undefined;
  readonly #recorder = new RunRecorder(
    (this.id ?? '').replaceAll(':', ' '),
    (this.constructor as typeof KmsCommand).acts,
  );

  /** Does the command's work and returns what to print. */
  protected abstract execute(): Promise<Outcome>;

  /** Aborted, with an InterruptedError as its reason, when the user or the system asks the run to stop. */
  protected get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Sets up stderr as the flags ask for; call it first. Returns where progress goes. */
  protected startProgress(flags: CommonFlags): OnProgress {
    const mode: ProgressMode = flags.quiet
      ? 'none'
      : (flags.progress as ProgressMode);
    this.#progress ??= new Progress(mode);

    return (report) => {
      tellProgress(report);
      this.#recorder.progress(report);
      this.#progress?.update(report);
    };
  }

  /** The command begins to act: for one whose runs are written down when something is due. */
  protected beginToAct(): Promise<void> {
    return this.#recorder.begin();
  }

  /** Ends the live line, before a question is asked or the result is printed. */
  protected stopProgress(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }

  /** Logs in at the Windows network disk that holds `path`, where a login is configured, until the command ends. */
  protected async useNetworkDisk(
    path: string | undefined,
    flags: Pick<CommonFlags, 'server-dir'>,
  ): Promise<void> {
    if (process.platform !== 'win32' || path === undefined) return;

    const { useNetworkDisk } = await import('../jobs/network-disk.js');

    const context = {
      serverDir: flags['server-dir'],
      platform: process.platform,
      env: process.env,
      askPassword: askDiskPassword,
    };

    const leave = await useNetworkDisk(path, context);
    if (leave) this.#leaveDisks.push(leave);
  }

  #leaveNetworkDisks(): void {
    for (const leave of this.#leaveDisks) {
      const problem = leave();
      if (problem !== undefined) this.warnPeople(problem);
    }
  }

  /** One warning for people, on stderr; with `--json` the report carries it too. */
  protected warnPeople(message: string): void {
    this.#progress?.pause();
    const label = paint('warning', 'Warning:', process.stderr);
    process.stderr.write(`${label} ${message}\n`);
  }

  /** What somebody is shown before a question. */
  protected showPeople(text: string): void {
    const { isTTY, columns } = process.stderr;

    process.stderr.write(`${isTTY ? fitText(text, columns) : text}\n`);
  }

  protected warnAll(messages: readonly string[]): void {
    for (const message of messages) this.warnPeople(message);
  }

  override async run(): Promise<void> {
    const release = onStopSignal((signal) => {
      this.#stop(signal);
    });
    try {
      const outcome = await this.execute();
      this.stopProgress();

      const exitCode = outcome.exitCode ?? ExitCode.done;

      const isLeftOut =
        this.#isQuiet &&
        outcome.isSummary === true &&
        exitCode === ExitCode.done;

      if (this.#wantsJson()) {
        printDocument(printedDocument(outcome.json, exitCode));
      } else if (outcome.text !== '' && !isLeftOut) {
        const { text } = outcome;
        writeOut(`${this.isVerbatim ? text : fitText(text)}\n`);
      }

      process.exitCode = exitCode;
      tellStep(`ends with exit code ${exitCode}`);
      this.#recorder.end(exitCode);
      await this.#recorder.showEnd();
    } catch (error) {
      await this.#recorder.failAnyway(error);

      throw error;
    } finally {
      this.stopProgress();
      this.#tellNotes();
      this.#leaveNetworkDisks();
      withdrawIdentities();
      this.#endStepLog?.();
      release();
    }
  }

  /** Prints the notes of the whole run. */
  #tellNotes(): void {
    for (const { kind, text } of takeNotes()) {
      if (kind === 'warning') this.warnPeople(text);
      else if (!this.#isQuiet) process.stderr.write(`Note: ${text}\n`);
    }
  }

  #stop(signal: StopSignal): void {
    if (this.signal.aborted) {
      this.#progress?.pause();
      process.stderr.write('Stopping: temporary files are being removed.\n');

      return;
    }

    const interruption = new InterruptedError(signal, this.kept);
    this.#controller.abort(interruption);
    if (!this.stopsAtOnce) return;

    this.#recorder.fail(interruption);
    this.stopProgress();
    this.#leaveNetworkDisks();
    exitNow(this.presentFailure(interruption));
  }

  /** Prints an error, whenever it comes, and returns the exit code. */
  protected presentFailure(error: unknown): ExitCode {
    return presentError(error, wantsJson(this.argv));
  }

  protected override catch(error: Error): Promise<void> {
    process.exitCode = this.presentFailure(error);
    return Promise.resolve();
  }

  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(
    options?: Interfaces.Input<F, B, A>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    this.warnAll(adoptOldVariables(options?.flags ?? {}, process.env));
    const parsed = await super
      .parse<F, B, A>(options, argv)
      .catch((error: unknown) => this.#refuse(error));
    this.#isQuiet = parsed.flags['quiet'] === true;
    offerIdentitiesOf(parsed.flags as IdentityFlags, (of) =>
      this.#askPassphrase(of),
    );
    if (parsed.flags['verbose'] === true && !this.#isQuiet) {
      this.#startStepLog(parsed.flags['progress'] === 'json');
    }

    await this.#recorder.start(parsed.flags);

    return parsed;
  }

  /** @throws the error, always */
  async #refuse(error: unknown): Promise<never> {
    try {
      await this.#recorder.refuse(error, this.argv);
    } catch {
      // What is wrong with the command line matters more than a history that cannot be found.
    }

    throw error;
  }

  async #askPassphrase(of: string): Promise<string> {
    this.#progress?.pause();
    const { askIdentityPassphrase } = await import('./identity-passphrase.js');

    return askIdentityPassphrase(of);
  }

  #startStepLog(asJson: boolean): void {
    const makeRoom = (): void => this.#progress?.pause();
    this.#endStepLog ??= startStepLog({ asJson, makeRoom });
    tellStep(`${TOOL}, ${(this.id ?? '').replaceAll(':', ' ')}`);
  }

  #wantsJson(): boolean {
    return wantsJson(this.argv);
  }
}

function printDocument(json: object): void {
  for (const piece of jsonPieces(json)) writeOut(piece);
  writeOut('\n');
}

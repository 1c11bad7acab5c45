/** Stop, act, start: what a running mail server does not bear is done while it is stopped, and it is started again whatever happens. */
import { FailedError, KmsError, messageOf } from '../errors.js';
import { noteRun } from '../history/run-notes.js';
import { type Clock, monotonicMs } from '../platform/clock.js';
import { addNote } from '../platform/run-notes.js';
import { formatDuration } from '../platform/units.js';
import { findRunningEngine } from '../server/engine.js';
import type { Installation } from '../server/installation.js';
import { readLogTail } from '../server/log-tail.js';
import {
  findHalfReplaced,
  refuseWhileRecovered,
} from '../server/recover-mark.js';
import {
  describeStopped,
  forgetStopped,
  holdRestart,
  noteStopped,
  readStopped,
} from '../server/restart-mark.js';
import { serverPlaces } from '../server/server-places.js';
import { readSettings } from '../server/settings.js';
import { readIniFile } from '../settings/ini-file.js';
import {
  findSwitch,
  isGoneWithin,
  limitsOf,
  type ServerSwitch,
  startEngine,
  stopEngine,
} from './server-switch.js';

/** Who stops the server, and what for. */
export interface Restart {
  readonly installation: Installation;
  /** `config set`. */
  readonly command: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Refuses what the act would refuse now because of others; it asks again when the server is stopped. */
  refuseWhileBusy(): void;
  /** Says a step that takes a while. */
  readonly tell: (text: string) => void;
  /** The run is worth a line of the history from now on. */
  begin(): Promise<void>;
}

/** What was done meanwhile, and for how long the server was stopped; undefined where it did not run. */
export interface Restarted<T> {
  readonly result: T;
  readonly downMs: number | undefined;
}

/**
 * Stops the mail server, calls `act` when its process is gone, and starts it again, also where `act` fails or is interrupted. A
 * server that does not run stays as it is, unless an earlier restart left it stopped.
 * @throws {LockedError} while another run has it stopped, or works on what the act needs; it is not stopped then
 * @throws {FailedError} where it does not stop, or does not start; else what `act` throws
 */
export async function whileStopped<T>(
  restart: Restart,
  act: () => Promise<T>,
): Promise<Restarted<T>> {
  const { installation, command, clock } = restart;
  const lock = await holdRestart(installation, command, clock);

  try {
    refuseWhileRecovered(serverPlaces(installation));
    restart.refuseWhileBusy();

    const stopped = await stopServer(restart);
    if (stopped) return await actAndStart(restart, stopped, act);

    addNote({
      kind: 'remark',
      key: 'restart',
      text: 'the mail server did not run before: it is not started',
    });

    return { result: await act(), downMs: undefined };
  } finally {
    lock.release();
  }
}

/** A server that is stopped, and how it is started. */
interface Stopped extends Pick<ServerSwitch, 'start' | 'startMs'> {
  /** Since then, as `monotonicMs` counts. */
  readonly sinceMs: number;
  /** It ended too late for what was to be done. */
  readonly failure?: Error;
}

/** Undefined where it does not run, and nobody has left it stopped. @throws {FailedError} where it goes on to run */
async function stopServer(restart: Restart): Promise<Stopped | undefined> {
  const { installation, command, clock, tell } = restart;
  const engine = await findRunningEngine(installation);
  if (!engine) return takeOver(restart);

  const way = findSwitch(installation, engine);
  const { start, startMs, stopMs } = way;
  await restart.begin();
  restart.signal.throwIfAborted();

  const stopped = { start, startMs, sinceMs: monotonicMs() };
  noteStopped(installation, { command, start, stoppedAt: clock() });
  tell(
    `Stopping the mail server (${engine.name}, pid ${engine.pid}): ${way.stop}`,
  );

  const still = await stopEngine(installation, engine, way);
  if (!still) return stopped;

  const failure = new FailedError(
    `the mail server does not stop: ${still.why}`,
    {
      hints: still.mayEndLater
        ? [
            'Nothing was changed. Look into its logs, or raise [server] stop-timeout.',
            `Where it ends later, nobody starts it: ${start}`,
          ]
        : [
            'Nothing was changed, and it runs on. Look why that command fails, and whether this user may call it.',
          ],
    },
  );
  if (!still.mayEndLater) throw failure;

  // Whoever asked it to stop sees to it that it comes back.
  tell('It gets the same time again, so that it is started when it ends.');
  if (await isGoneWithin(engine, stopMs)) return { ...stopped, failure };

  throw failure;
}

/** The promise of an earlier run that was killed: who asks for a restart now keeps it. */
function takeOver({ installation, clock }: Restart): Stopped | undefined {
  const earlier = readStopped(installation);
  if (!earlier) return undefined;

  const { fact } = describeStopped(installation, earlier);
  const text = `${fact}; this run starts it`;
  addNote({ kind: 'warning', key: 'left-stopped', text });

  const downMs = clock().getTime() - earlier.stoppedAt.getTime();
  const sinceMs = monotonicMs() - Math.max(0, downMs);

  // Whoever has mended the command since means that one.
  const start = readIniFile(installation.dir).server.start ?? earlier.start;

  return { ...limitsOf(installation), start, sinceMs };
}

async function actAndStart<T>(
  restart: Restart,
  stopped: Stopped,
  act: () => Promise<T>,
): Promise<Restarted<T>> {
  const done = await settle(restart, stopped, act);
  const downMs = await startAgain(restart, stopped, done.failure);
  if ('result' in done) return { result: done.result, downMs };

  throw done.failure;
}

/** What came of an act, also where it failed. */
type Settled<T> =
  | { readonly result: T; readonly failure?: undefined }
  | { readonly failure: unknown };

async function settle<T>(
  { signal }: Restart,
  { failure }: Stopped,
  act: () => Promise<T>,
): Promise<Settled<T>> {
  if (failure) return { failure };

  try {
    signal.throwIfAborted();

    return { result: await act() };
  } catch (error) {
    return { failure: error };
  }
}

/** @returns the time since it was stopped @throws {FailedError} where it does not run, with what failed before */
async function startAgain(
  { installation, tell }: Restart,
  { start, startMs, sinceMs }: Stopped,
  failure: unknown,
): Promise<number> {
  refuseHalfReplaced(installation, start, failure);
  tell(`Starting the mail server: ${start}`);

  const { name, pid } = await startEngine(installation, start, startMs).catch(
    (error: unknown) => {
      throw toStartError(installation, error, { start, failure });
    },
  );

  const downMs = Math.round(monotonicMs() - sinceMs);
  const text = `the mail server was stopped for ${formatDuration(downMs)} and runs again (${name}, pid ${pid})`;
  noteRun({ downMs });
  addNote({ kind: 'remark', key: 'restart', text });
  forgetOrWarn(installation);

  return downMs;
}

/** Mail that comes in between would be mixed into a store that is half old, half new. */
function refuseHalfReplaced(
  installation: Installation,
  start: string,
  failure: unknown,
): void {
  const found = findHalfReplaced(serverPlaces(installation));
  if (!found) return;

  throw new FailedError(
    `the mail server stays stopped: ${found.fact}${wordsOf(failure)}`,
    {
      hints: [found.advice, `Then start it: ${start}`],
      cause: failure,
    },
  );
}

function toStartError(
  installation: Installation,
  error: unknown,
  { start, failure }: { readonly start: string; readonly failure: unknown },
): unknown {
  if (!(error instanceof KmsError)) return error;

  const log = readTail(installation);
  const hints = [
    `Look why, and start it by hand: ${start}`,
    ...(log ? [`The last lines of ${log.path}:`, ...log.lines] : []),
  ];
  const before =
    failure === undefined ? '; what was asked for is done' : wordsOf(failure);

  return new FailedError(
    `the mail server does not start: ${error.message}${before}`,
    { hints, cause: failure ?? error },
  );
}

function wordsOf(failure: unknown): string {
  return failure === undefined ? '' : `; before that: ${messageOf(failure)}`;
}

function readTail(installation: Installation): ReturnType<typeof readLogTail> {
  try {
    return readLogTail(readSettings(installation));
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return undefined;
  }
}

/** It runs: that the record stays is no failure, because nobody heeds it while the server runs. */
function forgetOrWarn(installation: Installation): void {
  try {
    forgetStopped(installation);
  } catch (error) {
    const text = `the record of the restart cannot be removed: ${messageOf(error)}`;
    addNote({ kind: 'warning', key: 'restart-record', text });
  }
}

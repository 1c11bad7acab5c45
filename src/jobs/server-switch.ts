/** The mail server's process is stopped, and started again; who asks for that, and why, others know. */
import {
  ConfigurationError,
  EngineRunningError,
  FailedError,
} from '../errors.js';
import { monotonicMs } from '../platform/clock.js';
import { pause } from '../platform/patience.js';
import {
  describeEnd,
  runShellCommand,
  type ShellResult,
} from '../platform/shell-command.js';
import { startCommand } from '../platform/start-command.js';
import {
  findRunningEngine,
  isAlive,
  type RunningEngine,
} from '../server/engine.js';
import type { Installation } from '../server/installation.js';
import { findServiceWay, type ServiceWay } from '../server/service.js';
import { readIniFile } from '../settings/ini-file.js';

/** How a mail server is stopped and started, and how long either may take. */
export interface ServerSwitch extends ServiceWay {
  readonly stopMs: number;
  readonly startMs: number;
}

/** The manual gives the server five minutes to end. */
const STOP_MS = 300_000;
const START_MS = 60_000;
/** A look is the reading of a file on Linux, and a program of its own elsewhere. */
const LOOK_MS = process.platform === 'linux' ? 50 : 200;
/** A stop command that failed may have reached the server all the same. */
const FAILED_STOP_MS = 10_000;
/**
 * A server whose configuration or licence is wrong starts, and is gone again in a moment: it must run for this share of the time that
 * its start may take, two seconds.
 */
const STEADY_SHARE = 1 / 30;

/** A server that was asked to stop and has not. */
export interface StillRunning {
  readonly why: string;
  /** It was heard: it may end when nobody waits any more. */
  readonly mayEndLater: boolean;
}

/** The limits alone, for a server whose way is known. @throws {ConfigurationError} */
export function limitsOf({
  dir,
}: Installation): Pick<ServerSwitch, 'stopMs' | 'startMs'> {
  const { stopTimeoutMs, startTimeoutMs } = readIniFile(dir).server;

  return {
    stopMs: stopTimeoutMs ?? STOP_MS,
    startMs: startTimeoutMs ?? START_MS,
  };
}

/**
 * The way that kms-backup.ini names, else the platform's own.
 * @throws {ConfigurationError} · {EngineRunningError} where nobody knows how to stop what runs
 */
export function findSwitch(
  installation: Installation,
  { name, pid }: RunningEngine,
): ServerSwitch {
  const limits = limitsOf(installation);
  const { stop, start } = readIniFile(installation.dir).server;
  const example =
    'Name both commands in [server] of kms-backup.ini: stop = …, start = ….';
  if (stop !== undefined && start !== undefined) {
    return { stop, start, ...limits };
  }

  if (stop !== undefined || start !== undefined) {
    throw new ConfigurationError(
      '[server] names one of stop and start: both belong together',
      { hints: [example] },
    );
  }

  const way = findServiceWay(installation);
  if (way) return { ...way, ...limits };

  throw new EngineRunningError(
    `the mail server runs (${name}, pid ${pid}), and not as a service that is known here`,
    { hints: [example] },
  );
}

/**
 * Asks the server to stop and waits until its process is gone.
 * @returns undefined where it is
 */
export async function stopEngine(
  { dir }: Installation,
  engine: RunningEngine,
  { stop, stopMs }: ServerSwitch,
): Promise<StillRunning | undefined> {
  const deadline = monotonicMs() + stopMs;
  const ended = await runShellCommand(stop, { cwd: dir, timeoutMs: stopMs });
  const leftMs = deadline - monotonicMs();
  const isRefused = ended.exitCode !== 0 && leftMs > 0;
  const waitMs = isRefused ? Math.min(leftMs, FAILED_STOP_MS) : leftMs;

  if (await isGoneWithin(engine, waitMs)) return undefined;

  const why = isRefused
    ? `${stop} failed: ${describeEnd(ended)}`
    : `it has not ended within ${stopMs / 1000} s`;

  return { why, mayEndLater: !isRefused };
}

/** Says whether the process is gone before the time is over. */
export async function isGoneWithin(
  engine: RunningEngine,
  waitMs: number,
): Promise<boolean> {
  const deadline = monotonicMs() + waitMs;

  while (await isAlive(engine)) {
    if (monotonicMs() >= deadline) return false;

    await pause(LOOK_MS, undefined);
  }

  return true;
}

/**
 * Starts the server, where it does not run, and waits until it does, and goes on to.
 * @throws {FailedError} saying why it does not
 */
export async function startEngine(
  installation: Installation,
  start: string,
  startMs: number,
): Promise<RunningEngine> {
  const present = await findRunningEngine(installation);
  if (present) return present;

  const command = startCommand(start, installation.dir);
  const engine = await waitUntilSteady(installation, command, startMs);
  const { exitCode, fault } = command;
  const outputTail = command.close();
  if (engine) return engine;

  const isWaiting = exitCode === undefined && fault === undefined;
  const ended: ShellResult = {
    exitCode,
    reason: isWaiting ? 'it has not ended' : fault,
    outputTail,
  };

  throw new FailedError(
    `${start}: ${describeEnd(ended)}, and no mail server runs`,
  );
}

/** Undefined where it does not run when the time is over, or soon after its start command failed. */
async function waitUntilSteady(
  installation: Installation,
  command: Pick<ReturnType<typeof startCommand>, 'exitCode' | 'fault'>,
  startMs: number,
): Promise<RunningEngine | undefined> {
  const steadyMs = startMs * STEADY_SHARE;
  let deadline = monotonicMs() + startMs;
  let isRefused = false;

  while (monotonicMs() < deadline) {
    const engine = await findRunningEngine(installation);
    if (engine && !(await isGoneWithin(engine, steadyMs))) return engine;

    const hasFailed =
      (command.exitCode ?? 0) !== 0 || command.fault !== undefined;
    if (hasFailed && !isRefused) {
      isRefused = true;
      deadline = Math.min(deadline, monotonicMs() + steadyMs);
    }

    await pause(LOOK_MS, undefined);
  }

  return undefined;
}

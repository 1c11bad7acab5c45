import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Readable } from 'node:stream';
import { errnoOf, FailedError, messageOf } from '../errors.js';
import { tellStep } from './steps.js';

/** The end of a program. */
export interface ProgramResult {
  /** -1 where a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The input and limits of a short program. */
interface ProgramInput {
  readonly input?: string | undefined;
  /** The whole environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: this process's. */
  readonly cwd?: string;
  /** After which it is killed. Default: never. */
  readonly timeoutMs?: number;
}

/**
 * Runs a short program to its end, without a shell. Undefined where there is no such program.
 * @throws {FailedError} when it cannot be started
 */
export function runProgram(
  program: string,
  args: readonly string[],
  given: ProgramInput = {},
): ProgramResult | undefined {
  const { input, env = process.env, cwd, timeoutMs } = given;
  // Not its arguments: some programs take passwords there.
  tellStep(`running ${program}`);

  const result = spawnSync(program, args, {
    encoding: 'utf8',
    env,
    windowsHide: true,
    ...(input === undefined ? {} : { input }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(timeoutMs === undefined
      ? {}
      : { timeout: timeoutMs, killSignal: 'SIGKILL' as const }),
  });

  if (result.error) {
    if (errnoOf(result.error) === 'ENOENT') return undefined;

    throw toRunError(program, result.error, timeoutMs);
  }

  return {
    exitCode: result.status ?? -1,
    stdout: result.stdout,
    stderr: result.stderr,
  };
}

function toRunError(program: string, error: Error, timeoutMs = 0): FailedError {
  const fact =
    errnoOf(error) === 'ETIMEDOUT'
      ? `${program} has not ended within ${timeoutMs / 1000} s`
      : `cannot run ${program}: ${messageOf(error)}`;

  return new FailedError(fact, { cause: error });
}

/** The options of a long program. */
interface LongRun {
  /** When it aborts, the program is asked to end and waited for. */
  readonly signal: AbortSignal | undefined;
  /** The whole environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: its stderr is ours. */
  readonly keepsStderr?: boolean;
}

/**
 * Runs a long program to its end and returns what it wrote to stdout, and to stderr where that is kept.
 * @throws {FailedError} when it cannot be started
 */
export async function runToEnd(
  command: readonly string[],
  { signal, env = process.env, keepsStderr = false }: LongRun,
): Promise<ProgramResult> {
  const [program = '', ...args] = command;
  tellStep(`running ${program}`);

  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', keepsStderr ? 'pipe' : 'inherit'],
    env,
    windowsHide: true,
  });

  const stop = (): void => void child.kill('SIGTERM');

  signal?.addEventListener('abort', stop, { once: true });

  try {
    const [exitCode, stdout, stderr] = await Promise.all([
      exitOf(child),
      textOf(child.stdout),
      textOf(child.stderr),
    ]);

    return { exitCode, stdout, stderr };
  } catch (error) {
    throw new FailedError(`cannot run ${program}: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code ?? -1);
    });
  });
}

async function textOf(stream: Readable | null): Promise<string> {
  const chunks = (await stream?.toArray()) as Buffer[] | undefined;

  return Buffer.concat(chunks ?? []).toString('utf8');
}

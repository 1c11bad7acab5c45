import { spawn, spawnSync } from 'node:child_process';
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

    throw new FailedError(`cannot run ${program}: ${messageOf(result.error)}`, {
      cause: result.error,
    });
  }

  return {
    exitCode: result.status ?? -1,
    stdout: result.stdout,
    stderr: result.stderr,
  };
}

/**
 * Runs a long program and returns its exit code and what it wrote to stdout; its stderr is ours.
 * When `signal` aborts, the program is asked to end and waited for.
 * @throws {FailedError} when it cannot be started
 */
export async function runToEnd(
  command: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ProgramResult> {
  const [program = '', ...args] = command;
  tellStep(`running ${program}`);

  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    windowsHide: true,
  });

  const stop = (): void => void child.kill('SIGTERM');

  signal?.addEventListener('abort', stop, { once: true });

  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));

  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        resolve(code ?? -1);
      });
    });

    return {
      exitCode,
      stdout: Buffer.concat(chunks).toString('utf8'),
      stderr: '',
    };
  } catch (error) {
    throw new FailedError(`cannot run ${program}: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

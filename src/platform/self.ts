import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';

/** How another run of this program ended. */
export interface SelfRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs this very program again with other arguments and returns what it says.
 * @param environment the other run's whole environment
 * @param signal where it aborts, the other run is asked to stop (SIGTERM) and waited for
 * @throws {Error} the signal's reason, or the operating system's where the program cannot be started
 */
export async function runSelf(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<SelfRun> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [...entryArguments(), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  try {
    const [stdout, stderr, exitCode] = await Promise.all([
      child.stdout.setEncoding('utf8').toArray(),
      child.stderr.setEncoding('utf8').toArray(),
      new Promise<number>((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code) => {
          resolve(code ?? 1);
        });
      }),
    ]);
    signal.throwIfAborted();
    return { exitCode, stdout: stdout.join(''), stderr: stderr.join('') };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** A single executable is its own entry; otherwise node needs the entry file's name. */
function entryArguments(): string[] {
  const require = createRequire(import.meta.url);
  const { isSea } = require('node:sea') as { isSea: () => boolean };
  return isSea() ? [] : [process.argv[1] ?? ''];
}

import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProgramResult, runToEnd } from './run-program.js';

/**
 * Returns the words that start this program again, from any directory and with an empty environment: those before
 * `schedule run …`. They name the kms-backup of this installation, also where it was called as kmsrecover. A single
 * executable is one word, and its path comes from the system, because the typed word may be a name from PATH. npm's
 * program is Node and a script.
 */
export function ownProgram(): string[] {
  if (isExecutable()) return [mainExecutable(process.execPath)];
  const options = process.execArgv.filter((word) =>
    word.startsWith('--enable'),
  );
  return [process.execPath, ...options, mainScript(process.argv[1])];
}

/** Says whether the program was called as kmsrecover, by a link or a copy of that name. */
export function isCalledKmsrecover(): boolean {
  return isKmsrecover(isExecutable() ? process.argv0 : process.argv[1]);
}

/**
 * Runs this very program again with other arguments and returns what it says.
 * @param environment the other run's whole environment
 * @param signal where it aborts, the other run is asked to stop (SIGTERM) and waited for
 * @throws {Error} the signal's reason · {FailedError} when the program cannot be started
 */
export async function runSelf(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<ProgramResult> {
  signal.throwIfAborted();

  const result = await runToEnd([...ownProgram(), ...args], {
    signal,
    env: environment,
    keepsStderr: true,
  });

  signal.throwIfAborted();

  return result;
}

/** A single executable holds Node and the program in one file. */
function isExecutable(): boolean {
  const require = createRequire(import.meta.url);
  const { isSea } = require('node:sea') as { isSea: () => boolean };
  return isSea();
}

function isKmsrecover(calledAs: string | undefined): boolean {
  return /^kmsrecover(\.js|\.exe)?$/i.test(basename(calledAs ?? ''));
}

/** Windows' kmsrecover.exe is a hard link of the kms-backup.exe beside it, and a copy is a file of its own. */
function mainExecutable(path: string): string {
  if (!isKmsrecover(path)) return path;
  const beside = join(
    dirname(path),
    basename(path).replace(/kmsrecover/i, 'kms-backup'),
  );
  return existsSync(beside) ? beside : path;
}

/**
 * Returns the path of the script. npm's link in a directory of PATH outlives the directory that it leads to, so that the
 * link is kept.
 * @param called the script in Node's command line, absolute
 */
function mainScript(called: string | undefined): string {
  const script = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
  if (called === undefined) return script;

  try {
    return realpathSync(called) === realpathSync(script) ? called : script;
  } catch {
    // `node bin/run`, without `.js`, names no file.
    return script;
  }
}

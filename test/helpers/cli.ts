import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { commandOf, runInProcess } from './in-process.js';
import { type Ended, type Json, readJson } from './tools.js';

export const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line as a person would; without a terminal. */
export function cli(
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): CliResult {
  const env = { ...process.env, ...options.env };
  const result = spawnSync(process.execPath, [BIN, ...args], {
    encoding: 'utf8',
    env,
    input: options.input ?? '',
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** As `quickCli`, in the form of a program's end. */
export async function quickKms(args: readonly string[]): Promise<Ended> {
  const { code, stdout, stderr } = await quickCli(args);
  return { status: code, signal: null, stdout, stderr };
}

/** As `kmsJson`, in this process. */
export async function quickKmsJson(
  args: readonly string[],
): Promise<{ status: number | null; json: Json }> {
  return readJson(await quickKms([...args, '--json']));
}

/** The same in this process, for the many calls of which a process each would prove nothing more; no input, no environment. */
export async function quickCli(args: readonly string[]): Promise<CliResult> {
  const [id, ...rest] = await commandOf(args);
  const { exitCode, stdout, stderr } = await runInProcess(id, rest);
  return { code: exitCode, stdout, stderr };
}

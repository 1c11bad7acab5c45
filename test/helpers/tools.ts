import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { expectDescribed } from './schemas.js';

/** How a program ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs a program to its end and captures what it says. */
export function runTool(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Ended {
  const ended = spawnSync(program, args, {
    encoding: 'utf8',
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    input: options.input ?? '',
    timeout: options.timeoutMs ?? 500_000,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 28,
  });
  const { status, signal, stdout, stderr, error } = ended;
  if (error && status === null && signal === null) throw error;
  return { status, signal, stdout, stderr };
}

/** Whether a program can be called here; tests that need it are skipped with a word where not. */
export function hasTool(program: string): boolean {
  return !spawnSync(program, ['--version'], { stdio: 'ignore' }).error;
}

/** The entry file of what is shipped. */
export const BINARY = fileURLToPath(
  new URL('../../bin/run.js', import.meta.url),
);

/** Whether root may run what is shipped as user nobody: a checkout below a directory that is closed to others cannot be. */
export const canBeNobody =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, [BINARY, '--version'], { uid: 65534, gid: 65534 })
    .status === 0;

/** No mail server of this machine counts: its pid file is looked for where there is none. */
export const QUIET_ENVIRONMENT = {
  KMS_BACKUP_PID_FILE: '/nonexistent/kms.pid',
  KMS_BACKUP_SERVER_DIR: undefined,
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
} as const;

/** Calls `kms-backup` as a script would. */
export function kms(args: readonly string[], options: RunOptions = {}): Ended {
  return runTool(process.execPath, [BINARY, ...args], {
    ...options,
    env: { ...QUIET_ENVIRONMENT, ...options.env },
  });
}

/** Calls `kms-backup … --json` and returns its exit code and document. */
export function kmsJson(
  args: readonly string[],
  options: RunOptions = {},
): { status: number | null; json: Json } {
  return readJson(kms([...args, '--json'], options));
}

/** The exit code of a run with --json, and the document that it printed: each of its fields is in docs/schema. */
export function readJson(ended: Ended): { status: number | null; json: Json } {
  let json: Json;
  try {
    json = JSON.parse(ended.stdout) as Json;
  } catch {
    throw new Error(
      `no JSON on stdout (exit ${String(ended.status)} ${String(ended.signal)}): ${ended.stdout}${ended.stderr}`,
    );
  }

  expectDescribed(json);

  return { status: ended.status, json };
}

/** Fails with what the program said unless it ended with 0. */
export function expectDone({ status, signal, stdout, stderr }: Ended): void {
  if (status !== 0) {
    throw new Error(
      `ended with ${String(status ?? signal)}: ${stderr}${stdout}`,
    );
  }
}

/** All that a program said, its exit code first. */
export function said({ status, stdout, stderr }: Ended): string {
  return `${String(status)} ${stderr}${stdout}`;
}

/** A failure says which kind it is: an exit code alone is also that of any other mishap. */
export function expectEnd(ended: Ended, exitCode: number, code: string): void {
  expect(said(ended)).toMatch(
    new RegExp(`^${String(exitCode)} [^]*^Code: ${code}$`, 'm'),
  );
}

/** A JSON document whose fields a test looks at. */
export type Json = Record<string, unknown>;

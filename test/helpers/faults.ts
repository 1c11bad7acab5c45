import { spawn, spawnSync } from 'node:child_process';
import {
  BINARY,
  hasTool,
  QUIET_ENVIRONMENT,
  runTool,
  type Ended,
} from './tools.js';

/** Whether system calls of a child can be made to fail here: strace is there and may trace. */
export const canInject =
  hasTool('strace') &&
  spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0;

/** The library that gives a child another clock; its wrapper would stand between the child's end and us. */
const FAKETIME_LIBRARY = hasTool('faketime')
  ? spawnSync(
      'faketime',
      ['-f', '2024-01-01 00:00:00', 'printenv', 'LD_PRELOAD'],
      { encoding: 'utf8' },
    ).stdout.trim()
  : '';

/** Whether a child can be given another clock. */
export const canFakeTime = FAKETIME_LIBRARY !== '';

/** What makes a program see the clock stand still at this time in its zone; its timers go on. */
function frozenClock(at: string): Record<string, string> {
  return {
    LD_PRELOAD: FAKETIME_LIBRARY,
    FAKETIME: at,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

export interface FaultOptions {
  /** strace's `inject` expressions: `rename:signal=SIGKILL:when=1`. */
  readonly inject: readonly string[];
  /** Only calls on these absolute paths count. */
  readonly paths?: readonly string[];
  /** The clock stands still at this time, UTC: `2026-11-25 01:00:00`. */
  readonly frozenAt?: string;
}

/** Runs `kms-backup` while the given system calls fail, lie or kill it. */
export function kmsWithFaults(
  args: readonly string[],
  options: FaultOptions,
): Ended {
  const { words, env } = traced(args, options);

  return runTool('strace', words, { env });
}

/** The same while services of this process answer it. */
export function kmsWithFaultsAside(
  args: readonly string[],
  options: FaultOptions,
): Promise<number | undefined> {
  const { words, env } = traced(args, options);
  const child = spawn('strace', words, {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });

  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      resolve(code ?? undefined);
    });
  });
}

function traced(
  args: readonly string[],
  { inject, paths = [], frozenAt }: FaultOptions,
): { words: string[]; env: Record<string, string | undefined> } {
  const calls = inject
    .map((expression) => expression.slice(0, expression.indexOf(':')))
    .join(',');
  // With its filter only these calls stop the program, a third of the time less; kills are not sent with it (strace 6.1).
  const isKill = inject.some((expression) => expression.includes('signal='));
  const trace = [
    '-f',
    ...(isKill ? [] : ['--seccomp-bpf']),
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${calls}`,
    ...inject.flatMap((one) => ['-e', `inject=${one}`]),
  ];
  const only = paths.flatMap((path) => ['-P', path]);
  const variables = Object.entries(
    frozenAt === undefined ? {} : frozenClock(frozenAt),
  );
  const clock = variables.flatMap(([name, value]) => [
    '-E',
    `${name}=${value}`,
  ]);
  // Calls can be counted: one thread for files, and no code that one run keeps compiled for the next.
  const env = {
    ...QUIET_ENVIRONMENT,
    TZ: 'UTC',
    UV_THREADPOOL_SIZE: '1',
    NODE_DISABLE_COMPILE_CACHE: '1',
  };

  const words = [...trace, ...only, ...clock, process.execPath, BINARY];

  return { words: [...words, ...args], env };
}

/** Runs `kms-backup` while the clock stands still at a time of the given zone: `2026-11-25 01:00:00`. */
export function kmsAt(
  frozenAt: string,
  args: readonly string[],
  zone = 'UTC',
): Ended {
  const env = { ...QUIET_ENVIRONMENT, ...frozenClock(frozenAt), TZ: zone };
  return runTool(process.execPath, [BINARY, ...args], { env });
}

/** Whether a run was killed. */
export function wasKilled({ signal }: Ended): boolean {
  return signal === 'SIGKILL';
}

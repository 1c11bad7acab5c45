import { spawn, spawnSync } from 'node:child_process';
import { libraryOf } from './preloaded-library.js';
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
  return nodeWithFaults([BINARY, ...args], options);
}

/** Runs a program of these words for Node in the same way. */
export function nodeWithFaults(
  script: readonly string[],
  options: FaultOptions,
): Ended {
  const { program, words, env } = faulty(script, options);

  return runTool(program, words, { env });
}

/** The same while services of this process answer it. */
export function kmsWithFaultsAside(
  args: readonly string[],
  options: FaultOptions,
): Promise<number | undefined> {
  const { program, words, env } = faulty([BINARY, ...args], options);
  const child = spawn(program, words, {
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

interface Program {
  readonly program: string;
  readonly words: string[];
  readonly env: Record<string, string | undefined>;
}

/** Calls can be counted: one thread for files, and no code that one run keeps compiled for the next. */
const COUNTED = {
  ...QUIET_ENVIRONMENT,
  TZ: 'UTC',
  UV_THREADPOOL_SIZE: '1',
  NODE_DISABLE_COMPILE_CACHE: '1',
};

function faulty(words: readonly string[], options: FaultOptions): Program {
  return killing(words, options) ?? traced(words, options);
}

const KILL = /^([a-z0-9,]+):signal=SIGKILL:when=(\d+)$/;

/** A program that kills itself needs no tracer, which stops it at every call: half of its processor time. */
function killing(
  words: readonly string[],
  { inject, paths = [], frozenAt }: FaultOptions,
): Program | undefined {
  const [, calls, when] = KILL.exec(inject.join(' ')) ?? [];
  const library = calls && libraryOf('kill-calls');
  if (!library) return undefined;

  const clock = frozenAt === undefined ? undefined : frozenClock(frozenAt);
  const libraries = [library, clock?.['LD_PRELOAD']];

  const env = {
    ...COUNTED,
    ...clock,
    LD_PRELOAD: libraries.filter(Boolean).join(':'),
    KILL_CALL: calls,
    KILL_PATHS: paths.join('\n'),
    KILL_AT: when,
  };

  return { program: process.execPath, words: [...words], env };
}

function traced(
  words: readonly string[],
  { inject, paths = [], frozenAt }: FaultOptions,
): Program {
  const calls = inject
    .map((expression) => expression.slice(0, expression.indexOf(':')))
    .join(',');
  // With its filter only these calls stop the program, a third of the time less; kills are not sent with it (strace 6.1).
  const isKill = inject.some((expression) => expression.includes('signal='));
  const trace = [
    '-f',
    // A server that it has started lives on, and would keep a strace that follows it.
    ...(isKill ? ['--detach-on=execve'] : ['--seccomp-bpf']),
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

  return {
    program: 'strace',
    words: [...trace, ...only, ...clock, process.execPath, ...words],
    env: COUNTED,
  };
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

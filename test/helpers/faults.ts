import { spawnSync } from 'node:child_process';
import { BINARY, hasTool, QUIET_ENVIRONMENT, runTool, type Ended } from './tools.js';

/** Whether system calls of a child can be made to fail here: strace is there and may trace. */
export const canInject = hasTool('strace') && spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0;

/** Whether a child can be given another clock. */
export const canFakeTime = hasTool('faketime');

export interface FaultOptions {
  /** strace's `inject` expressions: `rename:signal=SIGKILL:when=1`. */
  readonly inject: readonly string[];
  /** Only calls on these absolute paths count. */
  readonly paths?: readonly string[];
  /** The clock stands still at this time, UTC: `2026-11-25 01:00:00`. */
  readonly frozenAt?: string;
}

/** Runs `kms-backup` while the given system calls fail, lie or kill it. */
export function kmsWithFaults(args: readonly string[], { inject, paths = [], frozenAt }: FaultOptions): Ended {
  const calls = inject.map((expression) => expression.slice(0, expression.indexOf(':'))).join(',');
  const trace = [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${calls}`,
    ...inject.flatMap((one) => ['-e', `inject=${one}`]),
  ];
  const only = paths.flatMap((path) => ['-P', path]);
  const clock = frozenAt === undefined ? [] : ['faketime', '-f', frozenAt];
  return runTool('strace', [...trace, ...only, ...clock, process.execPath, BINARY, ...args], { env: clockEnvironment });
}

/** Runs `kms-backup` at another time, UTC: `2026-11-25 01:00:00`, standing still. */
export function kmsAt(frozenAt: string, args: readonly string[]): Ended {
  return runTool('faketime', ['-f', frozenAt, process.execPath, BINARY, ...args], { env: clockEnvironment });
}

/** Timers go on while the calendar stands still; one thread for files, so that calls can be counted. */
const clockEnvironment = {
  ...QUIET_ENVIRONMENT,
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  TZ: 'UTC',
  UV_THREADPOOL_SIZE: '1',
} as const;

/** Whether a run was killed: by its own name, or as a shell would report it. */
export function wasKilled({ status, signal }: Ended): boolean {
  return signal === 'SIGKILL' || status === 137;
}

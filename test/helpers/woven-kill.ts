import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KmsFork } from './kms-fork.js';
import type { RunningServer } from './running-server.js';
import type { Ended } from './tools.js';
import type { PlannedKill } from './woven-plan.js';

/** Calls that are killed at a moment of their own, and what they leave behind. */

export const KILLED: Ended = {
  ...{ status: null, signal: 'SIGKILL' },
  ...{ stdout: '', stderr: '' },
};

/**
 * Calls, and kills the caller so long after the step shows; not where it has answered before.
 * @returns how it ended, as `KILLED` where nobody will hear that any more; and whether the caller is gone
 */
export async function callToKill(
  fork: KmsFork,
  words: readonly string[],
  { ms }: PlannedKill,
  hasBegun: () => boolean,
): Promise<{ readonly ended: Ended; readonly isGone: boolean }> {
  const state = { isOver: false, isKilled: false };
  const call = fork
    .call(words)
    .catch((error: unknown) => {
      if (state.isKilled) return KILLED;

      throw error;
    })
    .finally(() => {
      state.isOver = true;
    });

  while (!state.isOver && !hasBegun()) {
    await Promise.race([call, sleep(2)]);
  }

  await Promise.race([call, sleep(ms)]);
  if (!state.isOver) {
    state.isKilled = true;
    fork.kill();
  }

  return { ended: await call, isGone: state.isKilled };
}

/** Waits until what a call had asked a server for, when it was killed, is done: the server runs, or is gone. */
export async function rest(
  serverDir: string,
  engine: RunningServer,
): Promise<void> {
  let quiet = 0;

  for (let looks = 0; quiet < QUIET_LOOKS; looks++) {
    if (looks > 1000) throw new Error('the server comes to no rest');

    quiet = isQuiet(serverDir, engine) ? quiet + 1 : 0;
    await sleep(50);
  }
}

/** A server that was asked to stop may not have heard it. */
const QUIET_LOOKS = 8;

/** Nothing works in the server's directory but a server that is not about to end. */
function isQuiet(serverDir: string, engine: RunningServer): boolean {
  const pid = engine.pid();
  if (pid !== undefined && engine.isStopping()) return false;

  return processesIn(serverDir).every((each) => each === pid);
}

function processesIn(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && directoryOf(name) === directory)
    .map(Number);
}

function directoryOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Whether a recover of this store has written a journal and not come to its end. */
export function hasUnfinishedJournal(storeDir: string): boolean {
  const staging = join(storeDir, '.kms-backup-recover');

  return namesIn(staging)
    .filter((name) => /^recover-.*\.json$/.test(name))
    .some((name) => {
      const text = readFileSync(join(staging, name), 'utf8');

      return (JSON.parse(text) as { phase?: string }).phase === 'swapping';
    });
}

export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

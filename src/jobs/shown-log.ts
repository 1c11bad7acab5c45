/** The debug log's lines about backups, of the file or of the server that runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { followBackupLog, openBackupLog } from '../config/store-backup-log.js';
import { NotFoundError } from '../errors.js';
import type { Installation } from '../server/installation.js';
import type { AdminCalls } from '../server/running/calls.js';
import { readLogPage } from '../server/running/debug-log.js';
import { isLeafOn, readLeaves } from '../server/running/log-leaf.js';
import { isBackupLine } from '../server/server-log.js';

/** The lines until now, and a way to those that follow. */
export interface ShownLog {
  /** The file, or the address of the server. */
  readonly path: string;
  /** Whether such lines are written; undefined: nobody can tell. */
  readonly isEnabled: boolean | undefined;
  readonly lines: readonly string[];
  /** Hands over each further line until the signal aborts. */
  readonly follow: (
    onLine: (line: string) => void,
    signal: AbortSignal,
  ) => Promise<void>;
}

const POLL_MS = 2_000;

/** @throws {NotFoundError} when there is no such log */
export function showLogFile(
  installation: Installation,
  isFollowed: boolean,
): ShownLog {
  const log = openBackupLog(installation);
  const { path, isEnabled, reader } = log;
  const lines = [...reader.read(!isFollowed)];
  if (!isFollowed) reader.close();

  return {
    path,
    isEnabled,
    lines,
    follow: (onLine, signal) => followBackupLog(log, onLine, signal),
  };
}

/** The log as the running server tells it: 1,024 characters of a line at most. */
export async function showRunningLog(calls: AdminCalls): Promise<ShownLog> {
  const isEnabled = await isLogged(calls);
  const { lines, next } = await readOn(calls, 0);

  return {
    path: `${calls.name}, debug log`,
    isEnabled,
    lines,
    follow: (onLine, signal) => followRunningLog(calls, next, onLine, signal),
  };
}

async function isLogged(calls: AdminCalls): Promise<boolean | undefined> {
  const leaves = await readLeaves(calls);

  try {
    return isLeafOn(leaves);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;

    throw error;
  }
}

async function followRunningLog(
  calls: AdminCalls,
  from: number,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let next = from;

  try {
    while (!signal.aborted) {
      const read = await readOn(calls, next);
      next = read.next;
      read.lines.forEach(onLine);

      await sleep(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Backup lines up to the end of the log, and where that is; of a log that begins anew from its beginning. */
async function readOn(
  calls: AdminCalls,
  from: number,
): Promise<{ readonly lines: string[]; readonly next: number }> {
  const lines: string[] = [];
  let next = from;

  for (;;) {
    const page = await readLogPage(calls, next);
    next = page.next;
    if (page.lines.length === 0 && !page.isNew) return { lines, next };

    lines.push(...page.lines.filter(isBackupLine));
  }
}

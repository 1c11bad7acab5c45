/** The debug log's lines about backups, of the file or of the server that runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { followBackupLog, openBackupLog } from '../config/store-backup-log.js';
import { NotFoundError } from '../errors.js';
import type { Installation } from '../server/installation.js';
import type { AdminCalls } from '../server/running/calls.js';
import { UnknownAnswerError } from '../platform/json-answer.js';
import {
  LOG_BEGINNING,
  type LogPosition,
  readLogPage,
} from '../server/running/debug-log.js';
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
/** A log is rotated once in a while: one that is never the same cannot be read to its end. */
const MOST_BEGINNINGS = 5;

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
  const { lines, position } = await readOn(calls, LOG_BEGINNING);

  return {
    path: `${calls.name}, debug log`,
    isEnabled,
    lines,
    follow: (onLine, signal) =>
      followRunningLog(calls, position, onLine, signal),
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
  from: LogPosition,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let position = from;

  try {
    while (!signal.aborted) {
      const read = await readOn(calls, position);
      position = read.position;
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
  from: LogPosition,
): Promise<{ readonly lines: string[]; readonly position: LogPosition }> {
  const lines: string[] = [];
  let position = from;

  for (let beginnings = 0; beginnings < MOST_BEGINNINGS;) {
    const page = await readLogPage(calls, position);
    position = page.position;
    if (page.lines.length === 0 && !page.isNew) return { lines, position };

    if (page.isNew) beginnings++;
    lines.push(...page.lines.filter(isBackupLine));
  }

  throw new UnknownAnswerError(
    'Logs.get: the log is another one at each look, and has no end',
  );
}

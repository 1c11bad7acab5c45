/** The history of a server's runs, found by the flags of a command. */
import { hasHistory, historyPath } from '../history/history-file.js';
import type { HistoryRun } from '../history/history-run.js';
import { readHistory, readRuns } from '../history/read-history.js';
import { beginRun, endRun, tellRunProgress } from '../history/record-run.js';
import type { KnownEnd } from '../history/run-notes.js';
import { systemClock } from '../platform/clock.js';
import type { ProgressReport } from '../platform/progress.js';
import { NotFoundError } from '../errors.js';
import {
  findBareInstallation,
  findInstallation,
} from '../server/installation.js';
import { findServer, type ServerFlags } from './server.js';

const HOUR_MS = 3_600_000;

/**
 * Where the runs of a server are written down; undefined on a machine without one. A server that lost its mailserver.cfg
 * keeps its history.
 */
export function historyDirectory(flags: ServerFlags): string | undefined {
  const options = { serverDir: flags['server-dir'] };

  try {
    return findInstallation(options).dir;
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;

    const dir = findBareInstallation(options)?.dir;

    return dir !== undefined && hasHistory(dir) ? dir : undefined;
  }
}

/** The runs of a server that count, the oldest first. */
export function historyOf(flags: ServerFlags): HistoryRun[] {
  const dir = historyDirectory(flags);

  return dir === undefined ? [] : readHistory(dir);
}

/** All runs, for people who ask for them. @throws {NotFoundError} without a server */
export function openHistory(flags: ServerFlags): {
  readonly file: string;
  readonly runs: HistoryRun[];
} {
  const dir = historyDirectory(flags) ?? findServer(flags).dir;

  return { file: historyPath(dir), runs: readRuns(dir) };
}

/** Writes that the run of a command begins. */
export async function recordBegin(
  command: string,
  flags: ServerFlags,
): Promise<void> {
  const dir = historyDirectory(flags);
  if (dir !== undefined) await beginRun(dir, command);
}

/** Tells those who look how far it is. */
export function recordProgress(report: ProgressReport): void {
  tellRunProgress(report);
}

/** Writes how it ended; nothing where its begin was not written. */
export function recordEnd(end: KnownEnd): void {
  endRun(end);
}

/**
 * Writes the failure of a command that is called every few minutes and had not begun to work. The same failure is
 * written once an hour.
 */
export async function recordIdleFailure(
  command: string,
  flags: ServerFlags,
  end: KnownEnd,
): Promise<void> {
  const last = historyOf(flags).findLast((run) => run.command === command);

  const isSame =
    last?.exitCode === end.exitCode &&
    last.error?.message === end.error?.message &&
    systemClock().getTime() - last.startedAt.getTime() < HOUR_MS;

  if (isSame) return;

  await recordBegin(command, flags);
  recordEnd(end);
}

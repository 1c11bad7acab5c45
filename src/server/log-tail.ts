/** What the mail server wrote last into its own logs of mishaps. */
import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readTail } from '../platform/read-bytes.js';
import type { ServerSettings } from './settings.js';

const TAIL_BYTES = 8192;
const LINES = 5;

/** The newer of error log and warning log, and its last lines; undefined where neither can be read. */
export function readLogTail({
  errorLogPath,
  logDirectory,
}: Pick<ServerSettings, 'errorLogPath' | 'logDirectory'>):
  { readonly path: string; readonly lines: readonly string[] } | undefined {
  const [path] = [errorLogPath, join(logDirectory, 'warning.log')]
    .filter((log) => timeOf(log) > 0)
    .toSorted((one, other) => timeOf(other) - timeOf(one));

  try {
    return path === undefined ? undefined : { path, lines: linesOf(path) };
  } catch {
    // It is an addition to an error that says enough without it.
    return undefined;
  }
}

function timeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function linesOf(path: string): string[] {
  const fd = openSync(path, 'r');

  try {
    return readTail(fd, TAIL_BYTES)
      .split(/\r?\n/)
      .filter(Boolean)
      .slice(-LINES);
  } finally {
    closeSync(fd);
  }
}

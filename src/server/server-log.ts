import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf } from '../errors.js';
import { MONTH_NAMES, twoDigits } from '../platform/dates.js';
import { appendText } from '../platform/small-files.js';
import type { Clock } from '../platform/clock.js';
import type { ServerSettings } from './settings.js';

/** Writes into the mail server's own logs what its own backup would write there. */
export interface ServerLog {
  /** A line of the debug log's message group Store Backup; nothing while the group is off. */
  debug(text: string): void;
  /** `Backup job finished: …` in the error log, where the vendor's monitoring templates look for it. */
  jobFinished(text: string): void;
  /** `… backup has failed with error: …` in the error log. */
  jobFailed(what: string, text: string): void;
  /** Why a line could not be written, once; a log never fails a backup. */
  readonly problem: string | undefined;
}

/**
 * The logs of an installed server. Nothing is created but the log files themselves, in a log directory that exists.
 * Lines are in the server's format: `[16/Mar/2021 18:24:38][6376] {backup} text` in debug.log, without the bracketed
 * number and the tag in error.log; local time, English months.
 */
export function openServerLog(
  settings: ServerSettings,
  clock: Clock,
): ServerLog {
  let problem: string | undefined;
  const now = (): string => formatLogTime(clock());

  const append = (name: 'debug' | 'error', line: string): void => {
    const path =
      name === 'debug' ? settings.debugLogPath : settings.errorLogPath;
    try {
      if (existsSync(settings.logDirectory)) {
        appendText(path, line.replace(/[\r\n]+/g, ' ') + lineEndOf(path));
      } else {
        problem ??= `there is no log directory ${settings.logDirectory}`;
      }
    } catch (error) {
      problem ??= `cannot write ${path}: ${messageOf(error)}`;
    }
  };

  return {
    debug: (text) => {
      if (!settings.logsStoreBackup) return;

      append('debug', `${now()}[${process.pid}] {backup} ${text}`);
    },
    jobFinished: (text) => {
      append('error', `${now()} Backup job finished: ${text}`);
    },
    jobFailed: (what, text) => {
      append('error', `${now()} ${what} backup has failed with error: ${text}`);
    },
    get problem() {
      return problem;
    },
  };
}

/** `[16/Mar/2021 18:24:38]`, local time. */
function formatLogTime(date: Date): string {
  const month = MONTH_NAMES[date.getMonth()]?.slice(0, 3) ?? '';
  const day = `${twoDigits(date.getDate())}/${month}/${date.getFullYear()}`;
  return `[${day} ${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}:${twoDigits(date.getSeconds())}]`;
}

/** Says whether a line of debug.log belongs to the message group Store Backup. */
export function isBackupLine(line: string): boolean {
  return /^\[[^\]]+\](\[[^\]]*\])?\s*\{backup\}/.test(line);
}

/** The line end that the file has at its end, else the platform's. */
function lineEndOf(path: string): string {
  const fallback = process.platform === 'win32' ? '\r\n' : '\n';
  if (!existsSync(path)) return fallback;

  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const tail = Buffer.alloc(2);
    if (size < 2) return fallback;

    readSync(fd, tail, 0, 2, size - 2);
    if (tail.toString('latin1') === '\r\n') return '\r\n';

    return tail[1] === 10 ? '\n' : fallback;
  } finally {
    closeSync(fd);
  }
}

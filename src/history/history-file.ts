/** The file of the history: lines of JSON that several runs append at once, and one older file of them. */
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { acquireLock } from '../platform/lock.js';

const NAME = 'kms-backup-history.jsonl';
const OLDER_NAME = 'kms-backup-history.1.jsonl';
const LOCK_NAME = '.kms-backup-history.lock';

/** About a thousand runs: three years of nights. */
const MOST_BYTES = 1024 * 1024;
/** A line is some hundred bytes: what is far larger is no history. */
const MOST_READ_BYTES = 16 * MOST_BYTES;
const LINE_END = 0x0a;

export function historyPath(installDir: string): string {
  return join(installDir, NAME);
}

/** Says whether runs were written down here before. */
export function hasHistory(installDir: string): boolean {
  return (
    statSync(historyPath(installDir), { throwIfNoEntry: false })?.isFile() ===
    true
  );
}

/**
 * Appends one line with one write, so that lines of two runs never mix. What a crash or a full disk cut off before stays
 * a line of its own.
 * @throws {Error} the operating system's
 */
export function appendLine(installDir: string, json: object): void {
  const path = historyPath(installDir);
  const { O_RDWR, O_APPEND, O_CREAT } = constants;
  const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT, 0o644);

  try {
    const { size } = fstatSync(fd);
    if (size === 0) giveToOwnerOf(installDir, fd);

    const start = size === 0 || endsLine(fd, size) ? '' : '\n';
    writeSync(fd, `${start}${JSON.stringify(json)}\n`);
  } finally {
    closeSync(fd);
  }
}

/**
 * Moves a full file aside. The lock is about the rename alone: who appends meanwhile does so to either file, and both
 * are read. Where another run holds it, that one moves the file.
 * @throws {Error} the operating system's · {LockedError}
 */
export async function rotateHistory(installDir: string): Promise<void> {
  if (!isFull(installDir)) return;

  const lock = await acquireLock({
    path: join(installDir, LOCK_NAME),
    what: 'the history',
    command: 'history',
    clock: systemClock,
  });

  try {
    if (isFull(installDir)) {
      renameSync(historyPath(installDir), join(installDir, OLDER_NAME));
    }
  } finally {
    lock.release();
  }
}

/** Every whole line of both files, the oldest first. What is no JSON is left out. */
export function readLines(installDir: string): unknown[] {
  return [OLDER_NAME, NAME].flatMap((name) =>
    parseLines(readText(join(installDir, name)).text),
  );
}

/**
 * Why the history does not tell how the last runs ended; undefined where it does, or where there is none. A line in the middle that a
 * crash cut off is no fault: the line after it tells more.
 */
export function historyFault(installDir: string): string | undefined {
  const path = historyPath(installDir);
  const file = readText(path);
  if (file.fault !== undefined) return file.fault;

  const last = file.text.trimEnd().split('\n').at(-1) ?? '';
  const isWhole = last === '' || parseLines(last).length === 1;

  return isWhole
    ? undefined
    : `the last line of the history is cut off or no JSON, so that nobody knows how that run ended: ${path}`;
}

function parseLines(text: string): unknown[] {
  return text.split('\n').flatMap((line): unknown[] => {
    try {
      return line === '' ? [] : [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

/** Empty where the file is not there, or cannot be read: then with the reason. */
function readText(path: string): {
  readonly text: string;
  readonly fault?: string;
} {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) return { text: '' };
    if (!stats.isFile()) return unreadable(path, 'it is no plain file');
    if (stats.size > MOST_READ_BYTES) {
      return unreadable(path, 'it is too large');
    }

    return {
      text: readFileSync(path, 'utf8'),
    };
  } catch (error) {
    return unreadable(path, messageOf(error));
  }
}

function unreadable(path: string, reason: string): { text: ''; fault: string } {
  return { text: '', fault: `the history cannot be read, ${path}: ${reason}` };
}

function isFull(installDir: string): boolean {
  const stats = statSync(historyPath(installDir), { throwIfNoEntry: false });

  return (stats?.size ?? 0) >= MOST_BYTES;
}

function endsLine(fd: number, size: number): boolean {
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, size - 1);

  return last[0] === LINE_END;
}

/** A new file that root makes belongs to whom the directory belongs to: the mail server's user appends to it too. */
function giveToOwnerOf(installDir: string, fd: number): void {
  if (process.getuid?.() !== 0) return;

  const { uid, gid } = statSync(installDir);

  try {
    fchownSync(fd, uid, gid);
  } catch {
    // A share without owners; root's lines stand anyway.
  }
}

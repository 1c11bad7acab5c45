import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigurationError, errnoOf, FailedError } from '../errors.js';
import {
  replaceFile,
  replaceOrdinaryFile,
  syncDirectoryOrWarn,
  syncFile,
  writeFully,
} from './atomic-file.js';
import { optionally } from './optional-calls.js';
import { readSettingsFile } from './settings-file.js';
import { naming } from './system-error.js';

/** Replaces files of settings that the mail server and the administrator write too. */

/** The result of `replaceKeepingCopy`; `changed-meanwhile` wrote nothing. */
export type ReplaceResult = 'written' | 'changed-meanwhile';

/**
 * Replaces a file that the caller has read, and keeps the previous content beside it under `copySuffix`. A file that another
 * program changed meanwhile stays as it is. A kill at any moment leaves the old or the new content, whole.
 * Symbolic links stay, and their target is replaced; the copy lies beside the target, with its mode and owner.
 * A file that is a mount point (a bind mount) cannot be replaced by a rename: it is written in place, under a journal that
 * `finishInterruptedReplace` completes after a kill.
 * @throws {FailedError} when this user cannot keep the file's owner · the operating system's; nothing is changed then
 */
export function replaceKeepingCopy(
  path: string,
  change: FileChange,
): ReplaceResult {
  const target = realpathSync(path);
  const copy = target + change.copySuffix;

  refuseForeignFile(target);
  if (!readSettingsFile(target).equals(change.expected)) {
    return 'changed-meanwhile';
  }

  keepCopy(target, copy, change.expected);
  // The last look is as late as possible: another program may have saved while the copy was written and synced.
  if (!readSettingsFile(target).equals(change.expected)) {
    return 'changed-meanwhile';
  }

  try {
    replaceOrdinaryFile(target, change.bytes);
  } catch (error) {
    if (errnoOf(error) !== 'EBUSY') throw error;

    replaceInPlace(target, change);
  }

  return 'written';
}

/** The change of a file. */
export interface FileChange {
  /** The content that the caller read. */
  readonly expected: Buffer;
  /** The new content. */
  readonly bytes: Buffer;
  /** The ending of the copy's name: `.kms-backup.bak`. */
  readonly copySuffix: string;
}

/**
 * Completes an in-place write that a kill interrupted: the journal beside the file holds the whole new content.
 * A file that another program wrote since then stays as it is. Call it under the file's lock, before reading.
 */
export function finishInterruptedReplace(
  path: string,
  copySuffix: string,
): void {
  const target = realpathSync(path);
  const wanted = interruptedContent(target, copySuffix);
  if (wanted) writeInPlace(target, wanted);
  if (existsSync(journalOf(target))) removeDurably(journalOf(target));
}

/**
 * Returns the new content of a file that a kill tore during an in-place write: up to some byte it has the new content, and
 * from there on the content of the copy. Undefined where the file is whole.
 */
export function interruptedContent(
  path: string,
  copySuffix: string,
): Buffer | undefined {
  const target = realpathSync(path);
  const wanted = readIfThere(journalOf(target));
  const former = readIfThere(target + copySuffix);

  return wanted && former && isTorn(readSettingsFile(target), wanted, former)
    ? wanted
    : undefined;
}

/** Refuses a file of another user: a rename would give it to this user, and only root can give it back. */
function refuseForeignFile(target: string): void {
  const { uid } = statSync(target);
  const user = process.getuid?.() ?? 0;
  if (user === 0 || user === uid) return;

  throw new FailedError(
    `cannot keep the owner of ${target}: it belongs to user ${uid}, this is user ${user}`,
    {
      hints: ['Run it as the user that the file belongs to, or as root.'],
    },
  );
}

function isTorn(content: Buffer, wanted: Buffer, former: Buffer): boolean {
  if (content.equals(former)) return false;

  let same = 0;
  while (
    same < content.length &&
    same < wanted.length &&
    content[same] === wanted[same]
  ) {
    same++;
  }

  return content.subarray(same).equals(former.subarray(same));
}

/** Returns undefined also where this user may not read the file, as a monitoring user, or where it is too large. */
function readIfThere(path: string): Buffer | undefined {
  try {
    return readSettingsFile(path);
  } catch (error) {
    if (
      errnoOf(error) === undefined &&
      !(error instanceof ConfigurationError)
    ) {
      throw error;
    }

    return undefined;
  }
}

function keepCopy(target: string, copy: string, bytes: Buffer): void {
  const { mode, uid, gid } = statSync(target);
  replaceOrdinaryFile(copy, bytes, 0o600);
  if (process.platform === 'win32') return;

  const stats = statSync(copy);
  const isOwned = stats.uid === uid && stats.gid === gid;
  if (process.getuid?.() === 0 && !isOwned) {
    optionally('owner', copy, () => {
      chownSync(copy, uid, gid);
    });
  }

  optionally('mode', copy, () => {
    chmodSync(copy, mode & 0o7777);
  });
}

/** Writes a file in place. A write that fails half-way is taken back; where that fails too, the journal stays. */
function replaceInPlace(target: string, { bytes, expected }: FileChange): void {
  const journal = journalOf(target);
  replaceFile(journal, bytes, 0o600);

  try {
    writeInPlace(target, bytes);
  } catch (error) {
    writeInPlace(target, expected);
    removeDurably(journal);

    throw error;
  }

  removeDurably(journal);
}

/** Overwrites an existing file and syncs it. A kill leaves a part of the new content in it. */
export function writeInPlace(target: string, bytes: Buffer): void {
  const fd = openSync(target, 'r+');
  try {
    naming(target, () => {
      writeFully(fd, bytes, 0);
      ftruncateSync(fd, bytes.length);
    });
    syncFile(fd, target);
  } finally {
    closeSync(fd);
  }
}

function removeDurably(path: string): void {
  rmSync(path, { force: true });
  syncDirectoryOrWarn(path);
}

function journalOf(target: string): string {
  return join(dirname(target), `.${basename(target)}.kms-backup-journal`);
}

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

/** What `replaceKeepingCopy` did: `changed-meanwhile` wrote nothing. */
export type ReplaceResult = 'written' | 'changed-meanwhile';

/**
 * Replaces a file that is still what the caller read, and keeps that previous content beside it under `copySuffix`.
 * A kill at any moment leaves the old or the new content, whole. Symbolic links stay and their target is replaced;
 * the copy lies beside the target, with its mode and owner.
 * A file that is a mount point of its own (a bind mount) cannot be renamed over: it is written in place, under a journal
 * that `finishInterruptedReplace` completes after a kill in between.
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
  // Looked at again as late as possible: somebody may have saved while the copy was written and synced.
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

/** What a file is to become. */
export interface FileChange {
  /** What the caller read and based the change on. */
  readonly expected: Buffer;
  readonly bytes: Buffer;
  /** Appended to the target's path for the previous content: `.kms-backup.bak`. */
  readonly copySuffix: string;
}

/**
 * Completes an in-place write that a kill interrupted: the journal beside the file holds the whole new content.
 * A file that anybody wrote since is left alone. Call it under the file's lock, before reading.
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
 * What an in-place write was to write into a file that a kill left torn: the new content up to some byte and the kept copy
 * from there on. Undefined where the file is whole.
 */
export function interruptedContent(
  path: string,
  copySuffix: string,
): Buffer | undefined {
  const target = realpathSync(path);
  const [wanted, former] = [
    readIfThere(journalOf(target)),
    readIfThere(target + copySuffix),
  ];

  return wanted && former && isTorn(readSettingsFile(target), wanted, former)
    ? wanted
    : undefined;
}

/** A rename gives the file to whoever makes it, and only root can give it back to its owner. */
function refuseForeignFile(target: string): void {
  const [{ uid }, own] = [statSync(target), process.getuid?.() ?? 0];
  if (own === 0 || own === uid) return;

  throw new FailedError(
    `cannot keep the owner of ${target}: it belongs to user ${uid}, this is user ${own}`,
    {
      hints: ['Run it as the user that the file belongs to, or as root.'],
    },
  );
}

function isTorn(found: Buffer, wanted: Buffer, former: Buffer): boolean {
  if (found.equals(former)) return false;

  let same = 0;
  while (
    same < found.length &&
    same < wanted.length &&
    found[same] === wanted[same]
  ) {
    same++;
  }

  return found.subarray(same).equals(former.subarray(same));
}

/** Undefined also where it is not ours to read, or too large to be a copy of settings: a monitoring user reads settings, and completes nothing. */
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

  const made = statSync(copy);
  if (process.getuid?.() === 0 && (made.uid !== uid || made.gid !== gid)) {
    optionally('owner', copy, () => {
      chownSync(copy, uid, gid);
    });
  }

  optionally('mode', copy, () => {
    chmodSync(copy, mode & 0o7777);
  });
}

/** What fails half-way, on a full disk for instance, is taken back; where that fails too, the journal stays. */
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

/** Gives an existing file another content, synced; a kill in between leaves it torn. */
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

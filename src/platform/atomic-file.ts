/**
 * platform/ is the operating system for all other rooms: files, locks, times, threads and programs. It knows no mail server,
 * no archive and no terminal, and imports no other room. Start here, with the files that a crash must not tear; then
 * own-file.ts (files of this program), lock.ts, and worker-pool.ts.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../errors.js';
import { forgo, optionally } from './optional-calls.js';
import { renamePatiently } from './patience.js';
import { addNote } from './run-notes.js';
import { tellStep } from './steps.js';
import { naming, toSystemError } from './system-error.js';

/**
 * Makes the names in a directory durable, as far as its file system offers that: the servers of some shares order renames
 * themselves. Windows has no such call and needs none, because it journals renames.
 * @throws {Error} the operating system's, when the directory cannot be opened or synced
 */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;

  optionally('sync-directory', directory, () => {
    const fd = openSync(directory, 'r');
    try {
      naming(directory, () => {
        fsyncSync(fd);
      });
    } finally {
      closeSync(fd);
    }
  });
}

/** Makes the content of a file durable, as far as its file system offers that. @throws {Error} the operating system's */
export function syncFile(fd: number, path: string): void {
  optionally('sync-file', path, () => {
    naming(path, () => {
      fsyncSync(fd);
    });
  });
}

/** Writes all of `bytes`, with as many calls as the system needs. @param position default: the end of the file */
export function writeFully(
  fd: number,
  bytes: Uint8Array,
  position?: number,
): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(
      fd,
      bytes,
      written,
      bytes.length - written,
      position === undefined ? null : position + written,
    );
  }
}

/**
 * Replaces the content of `path` so that a crash at any moment leaves the old or the new content, whole.
 * Mode and owner of an existing file are kept as far as this user may set them; a symbolic link stays and its target is replaced.
 * An abort before the rename leaves `.NAME.kms-backup-tmp` beside the file, which the next call overwrites.
 * @throws {Error} the operating system's; the old content is untouched then
 */
export function replaceFile(
  path: string,
  bytes: Uint8Array,
  modeIfNew = 0o600,
): void {
  syncDirectory(dirname(putInPlace(path, bytes, modeIfNew)));
}

/**
 * Replaces the content of a file, such as settings, on which no later step relies. Where only the directory cannot be
 * synced, the new content is there, and the run warns of it.
 */
export function replaceOrdinaryFile(
  path: string,
  bytes: Uint8Array,
  modeIfNew = 0o600,
): void {
  syncDirectoryOrWarn(putInPlace(path, bytes, modeIfNew));
}

/** Makes the name of a file durable. The run warns where that fails. */
export function syncDirectoryOrWarn(path: string): void {
  try {
    syncDirectory(dirname(path));
  } catch (error) {
    const refusal = toSystemError(error);
    if (!refusal) throw error;

    const text = `${path} is written, but may be as before after a power cut: ${refusal.message}`;
    addNote({ kind: 'warning', key: `unsynced ${path}`, text });
  }
}

/** Writes and renames the temporary file. @returns the path behind all links */
function putInPlace(
  path: string,
  bytes: Uint8Array,
  modeIfNew: number,
): string {
  const target = resolveLink(path);
  tellStep(`writing ${target}`);

  const temporary = join(
    dirname(target),
    `.${basename(target)}.kms-backup-tmp`,
  );

  const previous = statSync(target, { throwIfNoEntry: false });

  try {
    const fd = openSync(temporary, 'w', 0o600);
    try {
      naming(temporary, () => {
        writeFully(fd, bytes);
      });
      if (previous) giveTo(temporary, previous);
      optionally('mode', temporary, () => {
        chmodSync(temporary, previous ? previous.mode & 0o7777 : modeIfNew);
      });
      syncFile(fd, temporary);
    } finally {
      closeSync(fd);
    }

    // On other systems EBUSY means a mount point, and waiting is no use.
    (process.platform === 'win32' ? renamePatiently : renameSync)(
      temporary,
      target,
    );
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }

  return target;
}

/** Gives a new file the owner of the old one. A user that is not root can only set a group that he is a member of. */
function giveTo(path: string, { uid, gid }: Stats): void {
  if (process.platform === 'win32') return;

  const user = process.getuid?.() ?? uid;
  const isRoot = user === 0;
  if (hasOwner(path, { uid: isRoot ? uid : undefined, gid })) return;

  try {
    chownSync(path, isRoot ? uid : user, gid);
  } catch (error) {
    if (isRoot || errnoOf(error) !== 'EPERM') forgo('owner', path, error);
  }
}

/** Says whether a new file has an owner already: a share may give it the owner of the old file. */
function hasOwner(
  path: string,
  { uid, gid }: { uid: number | undefined; gid: number },
): boolean {
  const stats = statSync(path);

  return (uid === undefined || stats.uid === uid) && stats.gid === gid;
}

function resolveLink(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return path;
    throw error;
  }
}

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
import { renamePatiently } from './patience.js';

/**
 * Makes a directory's names durable. Windows has no such call and needs none: renames are journaled there.
 * @throws {Error} the operating system's, when the directory cannot be opened or synced
 */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some network file systems cannot sync a directory and say EINVAL: their servers order renames themselves.
    if (errnoOf(error) !== 'EINVAL') throw error;
  } finally {
    closeSync(fd);
  }
}

/** Writes all of `bytes` at `position` (at the end where undefined), however many calls the system needs for it. */
export function writeFully(fd: number, bytes: Uint8Array, position?: number): void {
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
export function replaceFile(path: string, bytes: Uint8Array, modeIfNew = 0o600): void {
  const target = resolveLink(path);
  const temporary = join(dirname(target), `.${basename(target)}.kms-backup-tmp`);
  const previous = statSync(target, { throwIfNoEntry: false });
  try {
    const fd = openSync(temporary, 'w', 0o600);
    try {
      writeFully(fd, bytes);
      if (previous) giveTo(temporary, previous);
      chmodSync(temporary, previous ? previous.mode & 0o7777 : modeIfNew);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // Elsewhere EBUSY is a mount point, which no patience makes go away.
    (process.platform === 'win32' ? renamePatiently : renameSync)(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(target));
}

/** Root gives a file its former owner, anybody else its former group where he is a member of it. */
function giveTo(path: string, { uid, gid }: Stats): void {
  if (process.platform === 'win32') return;
  const own = process.getuid?.() ?? uid;
  try {
    chownSync(path, own === 0 ? uid : own, gid);
  } catch (error) {
    if (own === 0 || errnoOf(error) !== 'EPERM') throw error;
  }
}

function resolveLink(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return path;
    throw error;
  }
}

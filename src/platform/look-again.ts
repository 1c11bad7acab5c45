import {
  type BigIntStats,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../errors.js';

/**
 * Looks at a tree that other programs change meanwhile. A file that is gone is no error. A directory is recognised by device
 * and inode, because a link may have taken its place, or the place of a directory above it.
 */

/** Device and inode of a directory: the same for every path and mount that leads to it. */
export interface DirectoryIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** ENOTDIR: a directory above has become a file. EISDIR: the file has become a directory (Windows says so). */
const GONE_CODES: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
]);

/** Says whether an error means that the path has no such file or directory any more. */
export function isGone(error: unknown): boolean {
  return GONE_CODES.has(errnoOf(error) ?? '');
}

/** Returns the error of a file in whose place another file is now. */
export function goneError(message: string): Error {
  return Object.assign(new Error(message), { code: 'ENOENT' });
}

/**
 * Returns the stats of a path, without following a link; undefined where the path has nothing any more.
 * @throws {Error} the operating system's, where the call is refused
 */
export function lstatOrGone(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Returns the stats of a path like `lstatOrGone`, and undefined also where the call is refused. */
export function lookAt(path: string): BigIntStats | undefined {
  try {
    return lstatOrGone(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Says whether two looks saw the same file or directory. */
export function isSame(a: DirectoryIdentity, b: DirectoryIdentity): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** Says whether a path still leads to the listed directory; a changed link above it counts too. */
export function isStillAt(path: string, listed: DirectoryIdentity): boolean {
  const stats = lstatOrGone(path);
  return stats?.isDirectory() === true && isSame(stats, listed);
}

const OPEN_DIRECTORY =
  constants.O_RDONLY |
  (constants.O_DIRECTORY || 0) |
  (constants.O_NOFOLLOW || 0);
const DESCRIPTORS = '/proc/self/fd';
const canAskDescriptors =
  process.platform === 'linux' && existsSync(DESCRIPTORS);

/**
 * Returns the stats of a directory, and proves that no part of its path is a link.
 * @param path absolute, and without links when the walk of the tree began
 * @throws {Error} ENOENT or ENOTDIR where another file or link has taken its place, or the place of a directory above it
 */
export function statDirectory(path: string): BigIntStats {
  if (!canAskDescriptors) return statByPath(path);

  const fd = openSync(path, OPEN_DIRECTORY);
  try {
    const stats = fstatSync(fd, { bigint: true });
    if (placeOfDescriptor(fd) !== path && !isPlain(path, stats)) {
      throw goneError('a link leads to it now');
    }

    return stats;
  } finally {
    closeSync(fd);
  }
}

function statByPath(path: string): BigIntStats {
  const stats = lstatSync(path, { bigint: true });
  if (!stats.isDirectory() || !isPlain(path, stats)) {
    throw goneError('a link leads to it now');
  }

  return stats;
}

/** Says whether no part of a path is a link, and the path leads to this very directory. */
function isPlain(path: string, stats: BigIntStats): boolean {
  return realpathSync(path) === path && isStillAt(path, stats);
}

/**
 * Says whether an open file lies at the path it was opened by, without a link on the way: another directory may have been
 * there for a moment. Returns true where the system cannot tell.
 */
export function isOpenAt(fd: number, path: string): boolean {
  if (!canAskDescriptors) return true;

  const place = placeOfDescriptor(fd);
  // A file that was removed after it was opened is still the listed file.
  if (place === undefined || place === path || place === `${path} (deleted)`) {
    return true;
  }

  // Some file systems change the spelling of names.
  const stats = lstatOrGone(path);
  const directory = dirname(path);
  const isSameFile =
    stats !== undefined && isSame(stats, fstatSync(fd, { bigint: true }));

  return isSameFile && realpathSync(directory) === directory;
}

function placeOfDescriptor(fd: number): string | undefined {
  try {
    return readlinkSync(`${DESCRIPTORS}/${fd}`);
  } catch {
    return undefined;
  }
}

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
 * Looking at a tree that others change meanwhile: what is gone is no error, and a directory is known by what it is, since a
 * link may have taken its place, or that of a directory above it.
 */

/** A directory, whatever path or mount leads to it. */
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

/** Whether the operating system's error says that there is nothing of that kind at the path any more. */
export function isGone(error: unknown): boolean {
  return GONE_CODES.has(errnoOf(error) ?? '');
}

/** The error of a file in whose place something else is now. */
export function goneError(what: string): Error {
  return Object.assign(new Error(what), { code: 'ENOENT' });
}

/**
 * What lies at a path, links not followed; undefined where nothing does any more.
 * @throws {Error} the operating system's, where it cannot be looked at
 */
export function lstatOrGone(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The same where nobody is told why it cannot be looked at: undefined for that too. */
export function lookAt(path: string): BigIntStats | undefined {
  try {
    return lstatOrGone(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Whether two looks saw one and the same thing. */
export function isSame(a: DirectoryIdentity, b: DirectoryIdentity): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** Whether a path still leads to the directory that was listed; a link above that leads elsewhere is found out too. */
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
 * What a directory is, proven to lie at its path with no link on the way.
 * @param path absolute, and without links when its tree was begun
 * @throws {Error} ENOENT or ENOTDIR where something else has taken its place, or that of a directory above it
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

/** Whether no step of a path is a link, and it leads to this very directory. */
function isPlain(path: string, stats: BigIntStats): boolean {
  return realpathSync(path) === path && isStillAt(path, stats);
}

/**
 * Whether an open file lies where it was opened, with no link on the way: another directory may have stood there for a
 * moment. True where the system cannot tell.
 */
export function isOpenAt(fd: number, path: string): boolean {
  if (!canAskDescriptors) return true;

  const place = placeOfDescriptor(fd);
  // What was removed since it was opened is still what was listed.
  if (place === undefined || place === path || place === `${path} (deleted)`) {
    return true;
  }

  // Some file systems spell names in their own way.
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

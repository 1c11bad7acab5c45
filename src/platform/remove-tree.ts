import {
  chmodSync,
  type Dirent,
  lstatSync,
  readdirSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { join, sep } from 'node:path';
import { errnoOf } from '../errors.js';
import {
  isHeldCode,
  patiently,
  PATIENCE_MS,
  pausesMs,
  waitMs,
} from './patience.js';

/** A path, as bytes where it is not UTF-8 and no text stands for it. */
type Place = string | Buffer;

/** Directories at longer paths are moved up first, so that a path in them fits into every system's longest path. */
const LONGEST_PLACE_BYTES = 700;

/**
 * Removes a file, a link, or a directory and all that is in it. A missing file is no error. Links are removed and never
 * followed. Names may be any bytes, and lie deeper than the longest path. Files that other programs hold, and directories
 * that they fill meanwhile, are tried again for ten seconds.
 *
 * Each name is removed by its own call (`unlink`, `rmdir`), content before directory, because Node's recursive removal
 * makes other calls in each version. An abort leaves a part of the tree, which the next call removes.
 * @throws {Error} the operating system's
 */
export function removeTree(path: string): void {
  const stats = look(path);
  if (stats?.isDirectory() === true) removeWhole(path);
  else if (stats) unlink(path);
}

/** Returns undefined for a path that has no file, and for one below a file that is no directory. */
function look(place: Place): Stats | undefined {
  try {
    return lstatSync(place, { throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Removes a directory in rounds: each moves directories that lie too deep to the top, where the next round removes them. */
function removeWhole(path: string): void {
  if (hasGone(path)) return;

  const removal: Removal = { top: path, broughtUp: 0 };
  let before: number;

  do {
    before = removal.broughtUp;
    removeContent(path, removal);
  } while (removal.broughtUp > before);

  removeDirectory(path, removal);
}

interface Removal {
  readonly top: string;
  /** The number of directories that were moved to the top. */
  broughtUp: number;
}

function removeDirectory(place: Place, removal: Removal): void {
  if (hasGone(place)) return;

  for (const pauseMs of pausesMs(PATIENCE_MS)) {
    removeContent(place, removal);
    if (hasGone(place)) return;

    waitMs(pauseMs);
  }

  removeContent(place, removal);
  rmdirSync(place);
}

/** Removes an empty directory. False where it has content or another program holds it. @throws {Error} the operating system's, where waiting is no use */
function hasGone(directory: Place): boolean {
  try {
    return removeIfEmpty(directory);
  } catch (error) {
    if (isHeldCode(errnoOf(error) ?? '')) return false;

    throw error;
  }
}

/**
 * Removes a directory that holds nothing, with one call.
 * @returns whether it is gone; false where something is in it
 * @throws {Error} the operating system's
 */
export function removeIfEmpty(directory: Place): boolean {
  try {
    rmdirSync(directory);

    return true;
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'ENOENT') return true;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;

    throw error;
  }
}

function removeContent(directory: Place, removal: Removal): void {
  for (const entry of openList(directory)) {
    const place = inside(directory, entry.name);
    if (!entry.isDirectory()) {
      unlink(place);
    } else if (
      directory !== removal.top &&
      Buffer.byteLength(place) > LONGEST_PLACE_BYTES
    ) {
      bringUp(place, removal);
    } else {
      removeDirectory(place, removal);
    }
  }
}

/** Lists a directory; empty where a link or a file has taken its place. */
function openList(directory: Place): Dirent<Buffer>[] {
  if (!openToOwner(directory)) return [];
  try {
    return readdirSync(directory, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Gives the owner the rights to empty and to move a directory, which only root has without them. False where it is none. */
function openToOwner(directory: Place): boolean {
  const stats = look(directory);
  if (stats?.isDirectory() !== true) return false;
  if ((stats.mode & 0o700) !== 0o700 && process.getuid?.() === stats.uid) {
    chmodSync(directory, 0o700);
  }

  return true;
}

function inside(directory: Place, name: Buffer): Place {
  const text = name.toString();
  if (typeof directory === 'string' && Buffer.from(text).equals(name)) {
    return join(directory, text);
  }

  return Buffer.concat([Buffer.from(directory), Buffer.from(sep), name]);
}

function bringUp(place: Place, removal: Removal): void {
  if (!openToOwner(place)) return;
  let target: string;
  do target = join(removal.top, `.kms-backup-removing-${++removal.broughtUp}`);
  while (look(target));
  patiently(() => {
    renameSync(place, target);
  });
}

function unlink(place: Place): void {
  try {
    patiently(() => {
      unlinkSync(place);
    });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

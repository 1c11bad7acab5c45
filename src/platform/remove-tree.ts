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

/** A path; its bytes where they are not UTF-8, so that no text stands for them. */
type Place = string | Buffer;

/** Directories at longer paths are brought up first: the name of what lies in them fits into every system's longest path. */
const LONGEST_PLACE_BYTES = 700;

/**
 * Removes a file, a link or a directory with all that is in it; what is not there is no error. Links are removed and never
 * followed, names may be any bytes and lie deeper than a path can say. What other programs hold, and directories that
 * they put something into meanwhile, get ten seconds.
 *
 * Every name goes with a call of its own (`unlink`, `rmdir`), content before directory. Node's own recursive removal makes other
 * calls in each of its versions. An abort leaves some of the tree, which the next call removes.
 * @throws {Error} the operating system's
 */
export function removeTree(path: string): void {
  const stats = look(path);
  if (stats?.isDirectory() === true) removeWhole(path);
  else if (stats) unlink(path);
}

/** Undefined where nothing is, also below what is no directory. */
function look(place: Place): Stats | undefined {
  try {
    return lstatSync(place, { throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** What lies too deep is moved to the top, where the next round finds it. */
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
  /** How many directories were moved there. */
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

/** One call, for an empty directory. False where something is in it, or somebody holds it. @throws {Error} the operating system's, where waiting is no use */
function hasGone(directory: Place): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'ENOENT') return true;
    if (isHeldCode(code) || code === 'ENOTEMPTY' || code === 'EEXIST') {
      return false;
    }

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

/** A directory that is none any more has nothing to remove: a link may have taken its place. */
function openList(directory: Place): Dirent<Buffer>[] {
  if (!openToOwner(directory)) return [];
  try {
    return readdirSync(directory, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Nobody but root moves a directory, or removes what is in one, that its owner may not write. Whether it is one at all. */
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

import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { errnoOf, FailedError, SystemError } from '../errors.js';
import { classOf, wordsOf } from '../platform/errno-classes.js';
import { mountsBelow } from '../platform/mount-points.js';
import { STAGING_NAME } from '../server/recover-journal.js';
import type { SwapUnit } from '../server/recover-journal-text.js';
import { exists } from '../server/recover-state.js';

/**
 * Finds out, before anything is extracted, whether the operating system will let everything be renamed: an immutable file,
 * a mount point or a missing right would otherwise show itself in the middle of the swap.
 * @param stagingDirs of all units, made
 * @throws {FailedError} naming the first that cannot be replaced, and why
 */
export function refuseUnswappable(
  units: readonly SwapUnit[],
  stagingDirs: readonly string[],
): void {
  for (const { live, staged, hadLive } of units) {
    refuseDirectoryAsFile(live);

    const staging = stagingDirs.find((path) => staged.startsWith(path + sep));

    const code =
      hadLive && staging !== undefined
        ? renameFault(live, staging)
        : accessFault(dirname(live));

    if (code !== undefined) throw unswappable(live, code);
    if (hadLive) refuseMounts(live, stagingDirs);
  }
}

/**
 * A directory takes along what is mounted below it, where the system lets it go at all: after the next start the disk would
 * lie over what was recovered, and cover it. What is swapped in its own place has a staging directory there.
 */
function refuseMounts(live: string, stagingDirs: readonly string[]): void {
  const mount = mountsBelow(live).find(
    (path) => !stagingDirs.includes(join(path, STAGING_NAME)),
  );
  if (mount === undefined) return;

  throw new SystemError(
    'BUSY',
    'EBUSY',
    `${live} cannot be replaced: something is mounted in it, on ${mount}`,
    {
      hints: [
        'Nothing was changed. Unmount it, or recover what lies above or below it.',
      ],
    },
  );
}

/** Container programs make a directory where the file that they should mount is missing. */
function refuseDirectoryAsFile(live: string): void {
  if (
    !/\.cfg$/.test(live) ||
    lstatSync(live, { throwIfNoEntry: false })?.isDirectory() !== true
  ) {
    return;
  }

  throw new FailedError(
    `${live} is a directory, and the archive holds a file of that name`,
    {
      hints: [
        'Nothing was changed. Move the directory away, or unmount it, and try again.',
      ],
    },
  );
}

/**
 * The errno that keeps a path from being renamed into its staging directory; undefined where nothing does. It is renamed over a directory that is
 * not empty: the system first asks whether it may be renamed at all, and then refuses to replace such a directory.
 */
function renameFault(live: string, staging: string): string | undefined {
  if (process.platform === 'win32') return undefined; // what is open there is waited for, and shows in the swap

  const probe = join(staging, 'new', '.probe');
  mkdirSync(join(probe, 'full'), { recursive: true });

  try {
    renameSync(live, probe);
    renameSync(probe, live); // no system that we know goes here

    return undefined;
  } catch (error) {
    return confirm(live, errnoOf(error) ?? '');
  } finally {
    for (const directory of [join(probe, 'full'), probe]) {
      if (exists(directory)) rmdirSync(directory);
    }
  }
}

/** Shares answer EACCES and EPERM where they mean that the target is there: such an answer needs a second witness. */
// eslint-disable-next-line complexity -- an answer of the system a line
function confirm(live: string, code: string): string | undefined {
  const isDirectory =
    lstatSync(live, { throwIfNoEntry: false })?.isDirectory() === true;

  switch (code) {
    case 'EROFS':
    case 'EXDEV':
    case 'EIO':
      return code;
    case 'EBUSY': // a file that is mounted by itself takes new content
      return isDirectory ? code : accessFault(live);
    case 'EACCES':
      return (
        accessFault(dirname(live)) ??
        (isDirectory ? accessFault(live) : undefined)
      );
    case 'EPERM':
      return (
        accessFault(dirname(live)) ??
        flagFault(live) ??
        flagFault(dirname(live)) ??
        stickyFault(live)
      );
    default:
      return undefined;
  }
}

function accessFault(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}

/** Setting the rights that a file or directory has already is refused to its owner only where it is immutable or append-only. */
function flagFault(live: string): string | undefined {
  const { uid, mode } = statSync(live);
  const own = process.getuid?.() ?? uid;
  if (own !== 0 && own !== uid) {
    return accessFault(live) === 'EPERM' ? 'EPERM' : undefined;
  }

  try {
    chmodSync(live, mode & 0o7777);
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}

/** In a directory like /tmp everybody renames only what is his own. */
function stickyFault(live: string): string | undefined {
  const above = statSync(dirname(live));
  const own = process.getuid?.() ?? 0;
  const isSticky = (above.mode & 0o1000) !== 0;

  return isSticky &&
    own !== 0 &&
    own !== above.uid &&
    own !== lstatSync(live).uid
    ? 'EPERM'
    : undefined;
}

const WHY: Readonly<Record<string, string>> = {
  EPERM:
    'It, or its directory, is protected: lsattr -d shows how, chattr -i -a takes it away.',
  EACCES: 'Give this user the right to write to its directory, or run as root.',
  EBUSY:
    'It is a mount point, or another program holds it: unmount it, or recover what lies above or below it.',
  EXDEV:
    'It is on another disk than the directory that it is in: recover what lies above or below it.',
};

function unswappable(live: string, errno: string): SystemError {
  const found = classOf(errno);
  const advice = WHY[errno];

  return new SystemError(
    found?.code ?? 'FAILED',
    errno,
    `${live} cannot be replaced: ${wordsOf(errno)} (${errno})`,
    {
      hints: [
        'Nothing was changed.',
        ...(advice === undefined ? (found?.hints ?? []) : [advice]),
      ],
    },
  );
}

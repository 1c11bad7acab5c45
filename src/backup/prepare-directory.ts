import {
  accessSync,
  constants,
  mkdirSync,
  statfsSync,
  type Stats,
  statSync,
} from 'node:fs';
import { listArchiveFiles } from '../archive/backup-directory.js';
import {
  type ArchiveType,
  type DifferentialLetter,
  formatStem,
} from '../archive/names.js';
import {
  errnoOf,
  FailedError,
  NoSpaceError,
  NotFoundError,
  UsageError,
} from '../errors.js';
import { toSystemError } from '../platform/system-error.js';
import { formatSize } from '../platform/units.js';

/**
 * Makes sure that the backup directory is there and can be written.
 * @throws {NotFoundError} when it is missing and may not be created · {UsageError} when it is a file ·
 * {FailedError} when it cannot be written
 */
export function prepareBackupDirectory(path: string, mayCreate: boolean): void {
  const stats = lookAt(path);
  if (stats && !stats.isDirectory()) {
    throw new UsageError(`the backup directory ${path} is a file`, {
      hints: ['Name a directory with --backup-dir DIR.'],
    });
  }

  try {
    // One level only: a path whose parent is missing is more often a disk that is not mounted.
    if (!stats && mayCreate) mkdirSync(path, { mode: 0o700 });
    else accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw toDirectoryError(path, error);
  }
}

function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw toDirectoryError(path, error);
  }
}

function toDirectoryError(path: string, error: unknown): Error {
  const code = errnoOf(error);
  if (code === 'ENOENT') {
    return new NotFoundError(`the backup directory ${path} does not exist`, {
      hints: [
        'Mount the disk or create the directory, or name another with --backup-dir DIR.',
      ],
    });
  }

  if (code === 'EEXIST') {
    return new NotFoundError(
      `the backup directory ${path} is a link that leads nowhere`,
      {
        hints: [
          'Mount the disk that it leads to, or name another directory with --backup-dir DIR.',
        ],
      },
    );
  }

  if (code === 'ENOTDIR') {
    return new UsageError(`the backup directory ${path} lies below a file`);
  }

  return (
    toSystemError(error, {
      fact: `the backup directory ${path} cannot be written`,
    }) ?? (error as Error)
  );
}

/** A clock may be this far behind the newest archive: two runs in one second get names of two seconds. */
const CLOCK_TOLERANCE_MS = 5000;

/**
 * The name of a new archive: its start in UTC, later than that of every archive there, since "newest" decides what is
 * recovered. Example: with `F20060118T220007Z.zip` there, a run in the same second becomes `F20060118T220008Z`.
 * @throws {FailedError} when the clock was set back behind the newest archive
 */
export function chooseStem(
  directory: string,
  type: ArchiveType,
  startedAt: Date,
  letter: DifferentialLetter,
): { stem: string; takenAt: Date } {
  const newest = listArchiveFiles(directory).at(-1);
  const startMs = Math.floor(startedAt.getTime() / 1000) * 1000;
  const afterMs = newest ? newest.takenAt.getTime() + 1000 : 0;

  if (newest && afterMs - startMs > CLOCK_TOLERANCE_MS) {
    throw new FailedError(
      `the clock says ${startedAt.toISOString()}, but ${newest.stem}.zip is newer: a new archive would not be the newest`,
      {
        hints: [
          'Set the clock right.',
          'If that archive carries a wrong date, move it to another directory.',
        ],
      },
    );
  }

  const takenAt = new Date(Math.max(startMs, afterMs));

  return { stem: formatStem(type, takenAt, letter), takenAt };
}

/**
 * Refuses to start a backup that cannot end well, judged by the last one of its kind.
 * @throws {NoSpaceError} when less is free than half of what the last one took
 */
export function checkFreeSpace(directory: string, type: ArchiveType): void {
  const { bavail, bsize } = statfsSync(directory);
  const freeBytes = bavail * bsize;

  const last = listArchiveFiles(directory).findLast(
    (archive) =>
      (archive.type === 'differential') === (type === 'differential'),
  );

  if (!last || freeBytes >= last.sizeBytes / 2) return;

  throw new NoSpaceError(
    `${formatSize(freeBytes)} are free in ${directory}, the last archive of this kind took ${formatSize(last.sizeBytes)}`,
    { hints: ['Free space there, or lower the number of kept backups.'] },
  );
}

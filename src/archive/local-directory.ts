/** A directory of a disk as a whole: whether archives can lie in it, and how much room it has. */
import {
  accessSync,
  constants,
  mkdirSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, NotFoundError, UsageError } from '../errors.js';
import { accessFault } from '../platform/access-fault.js';
import {
  type DiskSpace,
  diskSpaceOf,
  existingAncestor,
} from '../platform/disk-space.js';
import { toSystemError } from '../platform/system-error.js';
import type { StorageStanding } from './storage.js';

/**
 * Makes sure that the backup directory is there and can be written.
 * @throws {NotFoundError} when it is missing and may not be created · {UsageError} when it is a file ·
 * {FailedError} when it cannot be written
 */
export function prepareDirectory(path: string, mayCreate: boolean): void {
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
      hints: ['Mount the disk or make the directory, or name another one.'],
    });
  }

  if (code === 'EEXIST') {
    return new NotFoundError(
      `the backup directory ${path} is a link that leads nowhere`,
      {
        hints: ['Mount the disk that it leads to, or name another directory.'],
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

/** The error of a directory whose names cannot be read. */
export function toListingError(path: string, error: unknown): unknown {
  const code = errnoOf(error);
  if (code !== 'ENOENT' && code !== 'ENOTDIR') {
    return (
      toSystemError(error, {
        fact: `cannot read the backup directory ${path}`,
      }) ?? error
    );
  }

  return new NotFoundError(
    code === 'ENOENT'
      ? `the backup directory ${path} does not exist`
      : `${path} is not a directory`,
    {
      hints: [
        'Name it with --backup-dir DIR or as the argument, or mount it first.',
      ],
    },
  );
}

/** Looks at a directory as a report does; changes nothing. */
export function lookAtDirectory(path: string): StorageStanding {
  const isThere = accessFault(path, constants.F_OK) === undefined;
  const isDirectory = isThere && statSync(path).isDirectory();

  return {
    state: stateOf(isThere, isDirectory),
    canBeMade:
      !isThere && accessFault(dirname(path), constants.F_OK) === undefined,
    canBeListed: isDirectory && canAccess(path, constants.R_OK),
    canBeRead: canAccess(path, constants.R_OK | constants.X_OK),
    writeFault: accessFault(path, constants.W_OK | constants.X_OK),
  };
}

function stateOf(
  isThere: boolean,
  isDirectory: boolean,
): StorageStanding['state'] {
  if (!isThere) return 'missing';

  return isDirectory ? 'there' : 'a file';
}

const canAccess = (path: string, mode: number): boolean =>
  accessFault(path, mode) === undefined;

/** Room on the disk of a directory, which may not be there yet. */
export function measureSpace(path: string): DiskSpace | undefined {
  return diskSpaceOf(existingAncestor(path));
}

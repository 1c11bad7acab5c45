/** The space of a file system, as this user may use it. */
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../errors.js';

export interface DiskSpace {
  /** Free for this user: less than what is free for root. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/**
 * The space of the file system that a directory lies on; undefined where the directory is not there.
 * @throws {Error} the operating system's
 */
export function diskSpaceOf(directory: string): DiskSpace | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(directory);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;

    throw error;
  }
}

/** The existing directory that a path lies in, or will lie in; of a drive that is not there, the drive. */
export function existingAncestor(path: string): string {
  const above = dirname(path);

  return existsSync(path) || above === path ? path : existingAncestor(above);
}

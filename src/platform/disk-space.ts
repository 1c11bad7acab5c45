/** The space of a file system, as this user may use it. */
import { statfsSync } from 'node:fs';
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

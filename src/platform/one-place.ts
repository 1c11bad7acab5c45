import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf } from '../errors.js';
import { type DirectoryIdentity, isSame } from './look-again.js';

/**
 * Says whether two paths lead to one directory: by another spelling, through links or through mounts. What is not there yet
 * is compared by the directory that it would be made in. Only Windows takes `A` for `a` in a name that is still to be made.
 */
export function isOnePlace(one: string, other: string): boolean {
  const first = statOf(one);
  const second = statOf(other);
  // Where a file system has no inodes, all of them are 0.
  if (first && second && first.ino !== 0n) return isSame(first, second);

  return foldName(realPlace(one)) === foldName(realPlace(other));
}

/** Says whether a path leads into a directory, or to that directory itself. */
export function liesWithin(path: string, directory: string): boolean {
  for (let at = realPlace(path); ; at = dirname(at)) {
    if (isOnePlace(at, directory)) return true;
    if (at === dirname(at)) return false;
  }
}

function statOf(path: string): DirectoryIdentity | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return undefined;
  }
}

/** The real path of what is there, and the names below it that are not. */
function realPlace(path: string): string {
  const whole = resolve(path);
  try {
    return realpathSync(whole);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    const parent = dirname(whole);

    return parent === whole ? whole : join(realPlace(parent), basename(whole));
  }
}

function foldName(path: string): string {
  return process.platform === 'win32' ? path.toLowerCase() : path;
}

import { lstatSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { STAGING_NAME } from '../server/recover-mark.js';
import type { SwapUnit } from './journal.js';

/** Where one top-level name of the store or the install directory is staged and swapped. */
export interface Placement {
  /** `mail`, `mailserver.cfg`, `sslcert`. */
  readonly name: string;
  /** The real place: links have been followed. */
  readonly live: string;
  /** On the same file system as `live`. */
  readonly staging: string;
  /** Where its new content is written. */
  readonly staged: string;
  /** Its own directory is a mount point, which nobody can rename: its children are swapped. */
  readonly isMountPoint: boolean;
}

/** Finds out where `name` in `directory` really lies, so that renames stay on one file system and links stay links. */
export function placeUnit(directory: string, name: string): Placement {
  const path = join(directory, name);
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const live = isLink ? realpathSync(path) : path;
  const stats = statSync(live, { throwIfNoEntry: false });
  const isMountPoint = stats?.isDirectory() === true && stats.dev !== statSync(dirname(live)).dev;
  const staging = join(isMountPoint ? live : dirname(live), STAGING_NAME);
  return { name, live, staging, isMountPoint, staged: join(staging, 'new', basename(live)) };
}

/**
 * Makes an empty staging directory, readable by nobody else. One level after the other: told to make both at once, Node
 * calls a directory that cannot be written a missing one.
 * @throws {Error} the operating system's: EROFS, EACCES, ENOSPC
 */
export function makeStaging(staging: string): void {
  for (const directory of [staging, join(staging, 'new')]) {
    if (!exists(directory)) mkdirSync(directory, { mode: 0o700 });
  }
}

/** What of a placement is replaced. */
export interface SwapScope {
  /** Paths below the top-level name, `example.com/alice`; undefined replaces all of it. */
  readonly roots: readonly string[] | undefined;
  /** The old state is kept as NAME.BAK beside the new one (kmsrecover -b). */
  readonly keepsBeside: boolean;
}

/** The renames that replace what a placement holds, or parts of it. */
export function toUnits(placement: Placement, scope: SwapScope): SwapUnit[] {
  const { live, staging, staged, isMountPoint } = placement;
  const toUnit = (below: string): SwapUnit => {
    const path = join(live, below);
    const old = scope.keepsBeside && !isMountPoint ? freeBackupName(path) : join(staging, 'old', basename(live), below);
    return { live: path, staged: join(staged, below), old, hadLive: exists(path), hasNew: exists(join(staged, below)) };
  };
  if (scope.roots) return scope.roots.map(toUnit);
  if (!isMountPoint) return [toUnit('')];
  return [...new Set([...listChildren(live), ...listChildren(staged)])].map(toUnit);
}

function freeBackupName(path: string): string {
  let candidate = `${path}.BAK`;
  for (let number = 1; exists(candidate); number++) candidate = `${path}.BAK.${number}`;
  return candidate;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function listChildren(path: string): string[] {
  if (!exists(path)) return [];
  return readdirSync(path).filter((name) => name !== STAGING_NAME && name !== 'lost+found');
}

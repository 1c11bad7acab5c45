import {
  chownSync,
  linkSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { errnoOf, FailedError } from '../errors.js';
import { replaceFile, syncDirectory } from '../platform/atomic-file.js';
import { makeOwnedDirectories } from '../platform/owned-directories.js';
import { isHeldCode, renamePatiently } from '../platform/patience.js';
import { removeTree } from '../platform/remove-tree.js';
import { writeInPlace } from '../platform/safe-replace.js';
import { toSystemError } from '../platform/system-error.js';
import { giveTime } from '../platform/file-times.js';
import type {
  Journal,
  SwapUnit,
  TimedDirectory,
} from '../server/recover-journal-text.js';
import { exists, isSwapped, isSwappedBack } from '../server/recover-state.js';

/** The renames of a swap: each can be interrupted, and what exists tells which of them are done. */

/**
 * The order of a swap: what the next call needs to find everything again comes last, so that an abort before it leaves
 * the old mailserver.cfg with the old store directory in it.
 */
export function orderUnits(units: readonly SwapUnit[]): SwapUnit[] {
  return [...units].sort((a, b) => rankOf(a) - rankOf(b));
}

function rankOf({ live }: SwapUnit): number {
  if (basename(live) === 'mailserver.cfg') return 2;
  return live.endsWith('.cfg') ? 1 : 0;
}

/**
 * Swaps every unit, also those of a swap that was interrupted. The journal says `swapping` before and after.
 * @returns what somebody had made anew meanwhile: `live` and where it is now
 */
export function swapForward(units: readonly SwapUnit[]): string[] {
  const setAside: string[] = [];

  for (const unit of units) {
    if (isSwapped(unit)) continue;

    if (exists(unit.live)) setAside.push(...keepOld(unit));
    if (unit.hasNew) move(unit.staged, unit.live);
  }

  return setAside;
}

/** Puts the old state back, also after an interruption. The journal says `rolling-back`. @returns warnings */
export function swapBack({
  units,
  parents,
}: Pick<Journal, 'units' | 'parents'>): string[] {
  for (const unit of [...units].reverse()) {
    if (!isSwappedBack(unit)) putBack(unit);
  }

  return parents.flatMap(restoreTime);
}

/** Gives a directory the time that it had. All that was in it is back by then: a refusal is a warning. */
export function restoreTime({ path, mtimeTicks }: TimedDirectory): string[] {
  try {
    if (exists(path)) giveTime(path, BigInt(mtimeTicks));

    return [];
  } catch (error) {
    const known = toSystemError(error, {
      fact: `${path} could not get its time back`,
    });
    if (!known) throw error;

    return [known.message];
  }
}

function putBack({ live, staged, old, hadLive }: SwapUnit): void {
  const isFile = hadLive && lstatSync(old).isFile();

  if (exists(live) && !isFile) {
    removeTree(staged);
    move(live, staged);
  }

  if (!hadLive) return;

  move(old, live);
  // A rename leaves both names where both are those of one file.
  if (isFile) rmSync(old, { force: true });
}

/** A file is never missing: its old content gets a second name, and the new one takes the first in one step. */
function keepOld(unit: SwapUnit): string[] {
  if (
    !unit.hasNew ||
    !lstatSync(unit.live).isFile() ||
    !lstatSync(unit.staged).isFile()
  ) {
    return moveAside(unit);
  }

  if (exists(unit.old)) return []; // linked before an interruption

  makeOwnedDirectories(dirname(unit.old));

  try {
    linkSync(unit.live, unit.old);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return [];

    copyWhole(unit.live, unit.old);
  }

  syncDirectory(dirname(unit.old));

  return [];
}

/** The way without hard links: a copy that is there whole or not at all. */
function copyWhole(from: string, to: string): void {
  const { uid, gid, mode, atime, mtime } = statSync(from);
  replaceFile(to, readFileSync(from), mode & 0o7777);
  if (process.getuid?.() === 0) chownSync(to, uid, gid);
  utimesSync(to, atime, mtime);
}

/** Something made `live` anew between two renames, for instance a server that was started: it is kept, not overwritten. */
function moveAside(unit: SwapUnit): string[] {
  let target = unit.old;
  for (let number = 1; exists(target); number++) {
    target = `${unit.old}.${number}`;
  }

  move(unit.live, target);

  return target === unit.old
    ? []
    : [`${unit.live} was made meanwhile: it is kept as ${target}`];
}

/** @throws {KmsError} when it cannot be renamed, or is held for more than ten seconds */
function move(from: string, to: string): void {
  makeOwnedDirectories(dirname(to));

  try {
    if (process.platform === 'win32' || !lstatSync(from).isFile()) {
      renamePatiently(from, to);
    } else {
      moveFile(from, to);
    }
  } catch (error) {
    const fact = `${from} cannot be renamed`;
    const code = errnoOf(error) ?? '';
    if (!isHeldCode(code)) throw toSystemError(error, { fact }) ?? error;

    throw new FailedError(
      `${fact}: another program holds it, or something in it (${code})`,
      { cause: error },
    );
  }

  syncDirectory(dirname(to));
  syncDirectory(dirname(from));
}

/** A file that is mounted by itself, as containers do with mailserver.cfg, only takes content. */
function moveFile(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'EBUSY') throw error;
    writeInPlace(to, readFileSync(from));
    rmSync(from);
  }
}

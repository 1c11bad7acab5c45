import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { errnoOf, FailedError } from '../errors.js';
import { replaceFile, syncDirectory } from '../platform/atomic-file.js';
import { makeOwnedDirectories } from '../platform/owned-directories.js';
import { isHeldCode, renamePatiently } from '../platform/patience.js';
import { removeTree } from '../platform/remove-tree.js';
import { writeInPlace } from '../platform/safe-replace.js';
import { journalPath, readJournalText, STAGING_NAME } from '../server/recover-mark.js';

/**
 * The swap of old for new under a journal. Each unit is a directory or file that is replaced whole:
 *
 *   before the journal     live = old state; staged files are swept by the next call
 *   `swapping` is written  every staged byte is on the disk; from here the next call finishes the swap
 *   unit by unit           live → old, staged → live; each rename is atomic, and which were done shows in what exists
 *   `kept`                 the new state is complete; `old` stays for a rollback
 *   `settled` is written   before anything of the other state is removed: from here on there is no way back to it
 *   `rolling-back`         the swap backwards: the next call finishes it; then `settled`
 *   `emptied` is written   with --in-place, before the old state goes: only a recover of the same units goes on from here
 */
export interface SwapUnit {
  readonly live: string;
  readonly staged: string;
  readonly old: string;
  /** Whether there was anything before: what was nothing must be nothing again. */
  readonly hadLive: boolean;
  /** False where the archive holds nothing of it: the old goes, nothing comes. */
  readonly hasNew: boolean;
}

export interface Journal {
  readonly phase: 'swapping' | 'kept' | 'settled' | 'rolling-back' | 'emptied';
  readonly archive: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly units: readonly SwapUnit[];
  /** Whether the old state stays after the swap. */
  readonly keepsOld: boolean;
  /** The old state was removed first: going back would leave nothing. */
  readonly isInPlace: boolean;
  /** The staging directories, removed at the end. */
  readonly stagingDirs: readonly string[];
}

/** The journal of a recover that was begun or is kept in this directory. @throws {FailedError} when it is unreadable */
export function readJournal(directory: string): Journal | undefined {
  return readJournalText(directory) as Journal | undefined;
}

export function writeJournal(directory: string, journal: Journal): void {
  mkdirSync(join(directory, STAGING_NAME), { recursive: true, mode: 0o700 });
  replaceFile(journalPath(directory), Buffer.from(JSON.stringify(journal, undefined, 1)));
  syncDirectory(directory);
}

/**
 * The order of a swap: what the next call needs to find everything again comes last, so that an abort before it leaves
 * the old mailserver.cfg with the old store directory in it.
 */
export function orderUnits(units: readonly SwapUnit[]): SwapUnit[] {
  const rank = ({ live }: SwapUnit): number =>
    basename(live) === 'mailserver.cfg' ? 2 : live.endsWith('.cfg') ? 1 : 0;
  return [...units].sort((a, b) => rank(a) - rank(b));
}

/** Swaps every unit, also those of a swap that was interrupted. The journal says `swapping` before and after. */
export function swapForward(units: readonly SwapUnit[]): void {
  for (const unit of units) {
    if (unit.hasNew ? exists(unit.staged) : exists(unit.live)) {
      if (exists(unit.live)) keepOld(unit);
      if (unit.hasNew) move(unit.staged, unit.live);
    }
  }
}

/** Puts the old state back, also after an interruption. The journal says `rolling-back`. */
export function swapBack(units: readonly SwapUnit[]): void {
  for (const unit of [...units].reverse()) {
    const isNewLive = unit.hadLive ? exists(unit.old) : !exists(unit.staged);
    if (!isNewLive) continue;
    const isFile = unit.hadLive && lstatSync(unit.old).isFile();
    if (exists(unit.live) && !isFile) {
      removeTree(unit.staged);
      move(unit.live, unit.staged);
    }
    if (unit.hadLive) move(unit.old, unit.live);
  }
}

/** A file is never missing: its old content gets a second name, and the new one takes the first in one step. */
function keepOld(unit: SwapUnit): void {
  if (!unit.hasNew || !lstatSync(unit.live).isFile() || !lstatSync(unit.staged).isFile()) {
    moveAside(unit);
    return;
  }
  if (exists(unit.old)) return; // linked before an interruption
  makeOwnedDirectories(dirname(unit.old));
  try {
    linkSync(unit.live, unit.old);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    copyFileSync(unit.live, unit.old); // no hard links on this file system
  }
  syncDirectory(dirname(unit.old));
}

/** Something made `live` anew between two renames, for instance a server that was started: it is kept, not overwritten. */
function moveAside(unit: SwapUnit): void {
  let target = unit.old;
  for (let number = 1; exists(target); number++) target = `${unit.old}.${number}`;
  move(unit.live, target);
}

/** @throws {FailedError} when it cannot be renamed, or is held for more than ten seconds */
function move(from: string, to: string): void {
  makeOwnedDirectories(dirname(to));
  try {
    if (process.platform === 'win32' || !lstatSync(from).isFile()) renamePatiently(from, to);
    else moveFile(from, to);
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    const reason = isHeldCode(code) ? `another program holds it, or something in it (${code})` : code;
    throw new FailedError(`${from} cannot be renamed: ${reason}`, { cause: error });
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

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * The live state is the one that stays: what the journal kept of the other goes, the journal last. An abort leaves a
 * `settled` journal, so that nobody goes back to a state of which a part is removed.
 */
export function settle(directory: string, journal: Journal): void {
  const own = join(directory, STAGING_NAME);
  writeJournal(directory, { ...journal, phase: 'settled' });
  for (const unit of journal.units) {
    removeTree(unit.staged);
    removeTree(unit.old);
  }
  for (const staging of journal.stagingDirs) {
    if (staging !== own) removeTree(staging);
  }
  removeTree(own);
}

/** Gives up the state that an earlier recover kept, now that its successor is staged; what lies beside as .BAK stays. */
export function forgetKept(directory: string, journal: Journal): void {
  const units = journal.units.filter(({ old }) => old.includes(`${sep}${STAGING_NAME}${sep}`));
  writeJournal(directory, { ...journal, units, phase: 'settled' });
  for (const unit of units) removeTree(unit.old);
  for (const staging of journal.stagingDirs) removeTree(join(staging, 'old'));
  rmSync(journalPath(directory), { force: true });
}

/** Removes what was staged and not swapped; the staging directory goes when nothing else is kept in it. */
export function dropStaged(staging: string): void {
  removeTree(join(staging, 'new'));
  if (existsSync(staging) && readdirSync(staging).length === 0) removeTree(staging);
}

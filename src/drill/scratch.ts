/**
 * The directory that a drill recovers into: a private new one, on a disk with room. It is noted in the state directory of
 * this machine before it is made, so that the next drill removes what a dead one left.
 *
 *   NAME.lock     held as long as the drill lives
 *   NAME.json     where the directory NAME is; written before it is made, removed after it is
 */
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errnoOf, LockedError, messageOf } from '../errors.js';
import type { Clock } from '../platform/clock.js';
import { acquireLock, type Lock, sightLock } from '../platform/lock.js';
import {
  isJsonObject,
  readOwnJson,
  replaceOwnFile,
} from '../platform/own-file.js';
import { removeTree } from '../platform/remove-tree.js';
import { removeFile } from '../platform/small-files.js';
import { makeStateDirectory, stateHome } from '../platform/state-home.js';
import { toSystemError } from '../platform/system-error.js';
import { chooseParent, type ScratchWish } from './scratch-place.js';

export interface ScratchRequest extends ScratchWish {
  readonly clock: Clock;
}

export interface Scratch {
  /** Absolute, without links. */
  readonly directory: string;
  /** Removes it, or leaves it where it is kept. @throws {KmsError} where it cannot be removed */
  close(keeps: boolean): void;
}

/** In the state directory of this machine. */
const NOTES_NAME = 'drills';
const NAME = /^kms-backup-drill-[0-9a-f]{16}$/;

/**
 * Makes the directory.
 * @throws {UsageError} in the live store or among archives · {NoSpaceError} · {NotFoundError} where its parent is not there
 */
export async function openScratch(request: ScratchRequest): Promise<Scratch> {
  const name = `kms-backup-drill-${randomBytes(8).toString('hex')}`;
  const directory = join(chooseParent(request), name);
  const notes = makeStateDirectory(
    NOTES_NAME,
    'the note of the scratch directory',
  );

  const lock = await holdNote(notes, name, request.clock);

  try {
    replaceOwnFile(noteOf(notes, name), JSON.stringify({ directory }));
    makePrivate(directory);
  } catch (error) {
    forget(notes, name, lock);
    throw error;
  }

  return {
    directory,
    close: (keeps) => {
      if (!keeps) remove(directory);
      forget(notes, name, lock);
    },
  };
}

/**
 * Removes what drills left that were killed.
 * @returns warnings about what could not be removed
 */
export async function removeLeftovers(clock: Clock): Promise<string[]> {
  const notes = join(stateHome(), NOTES_NAME);
  const warnings: string[] = [];

  for (const name of listNotes(notes)) {
    if (sightLock(lockOf(notes, name), clock)) continue;

    try {
      await removeLeftover(notes, name, clock);
    } catch (error) {
      if (error instanceof LockedError) continue;
      if (!toSystemError(error)) throw error;

      warnings.push(
        `what an earlier drill left could not be removed: ${messageOf(error)}`,
      );
    }
  }

  return warnings;
}

async function removeLeftover(
  notes: string,
  name: string,
  clock: Clock,
): Promise<void> {
  const lock = await holdNote(notes, name, clock);
  const file = readOwnJson(noteOf(notes, name), parseNote);

  try {
    if (file.state === 'sound' && isOwnScratch(file.value, name)) {
      removeTree(file.value);
    }
  } catch (error) {
    lock.release();
    throw error;
  }

  forget(notes, name, lock);
}

/** A directory of that name that is this user's: nobody gets another one removed by a note. */
function isOwnScratch(directory: string, name: string): boolean {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  const uid = process.getuid?.();

  return (
    basename(directory) === name &&
    stats?.isDirectory() === true &&
    (uid === undefined || stats.uid === uid)
  );
}

function parseNote(json: unknown): string | undefined {
  const directory = isJsonObject(json) ? json['directory'] : undefined;

  return typeof directory === 'string' ? directory : undefined;
}

function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    const fact = `the scratch directory cannot be made, ${directory}`;
    const hints = ['Name another place with --to DIR.'];
    throw toSystemError(error, { fact, hints }) ?? error;
  }
}

function remove(directory: string): void {
  try {
    removeTree(directory);
  } catch (error) {
    const fact = `the scratch directory cannot be removed, ${directory}`;
    const hints = ['It holds mail: remove it by hand.'];
    throw toSystemError(error, { fact, hints }) ?? error;
  }
}

function listNotes(notes: string): string[] {
  try {
    return readdirSync(notes)
      .filter((file) => file.endsWith('.json'))
      .map((file) => basename(file, '.json'))
      .filter((name) => NAME.test(name));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return [];
  }
}

function holdNote(notes: string, name: string, clock: Clock): Promise<Lock> {
  return acquireLock({
    path: lockOf(notes, name),
    what: 'the scratch directory',
    command: 'drill',
    clock,
  });
}

function forget(notes: string, name: string, lock: Lock): void {
  removeFile(noteOf(notes, name));
  lock.release();
}

function noteOf(notes: string, name: string): string {
  return join(notes, `${name}.json`);
}

function lockOf(notes: string, name: string): string {
  return join(notes, `${name}.lock`);
}

import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FailedError, LockedError } from '../errors.js';
import { acquireLock, type Lock } from '../platform/lock.js';
import { toSystemError } from '../platform/system-error.js';
import {
  type FoundJournal,
  findJournals,
  realDirectories,
} from '../server/recover-journal.js';
import {
  RECOVER_LOCK,
  refuseWhileRead,
  refuseWhileRecovered,
} from '../server/recover-mark.js';
import type { RecoverRequest } from './request.js';

/** Every directory that a recover, or the completion of one, replaces something in, held against all others. */
export interface HeldPlaces {
  /** The journals that are found from these places. */
  readonly found: readonly FoundJournal[];
  /** The processes that held one of the locks and died. */
  readonly deadPids: readonly number[];
  release(): void;
}

/** The number of times that the places are looked at anew because a journal in one of them named another. */
const LOOKS = 5;

/**
 * Locks the directories, and those that the journals found there name, in one order for all: of two runs one comes first.
 * @param directories where something is replaced
 * @param searched where else a journal may be found
 * @throws {LockedError} while another recover, or a backup, works in one of them
 */
export async function holdPlaces(
  request: RecoverRequest,
  directories: readonly string[],
  searched: readonly string[] = [],
): Promise<HeldPlaces> {
  const all = [...directories, ...searched];
  const widen = (found: readonly FoundJournal[]): string[] =>
    realDirectories([...directories, ...found.flatMap(placesNamed)]);
  let places = widen(findJournals(all));

  for (let look = 0; look < LOOKS; look++) {
    const held = await lockAll(request, places);
    try {
      const found = findJournals(all);
      const now = widen(found);
      if (now.every((place) => places.includes(place))) {
        return { ...held, found };
      }

      places = now;
    } catch (error) {
      held.release();
      throw error;
    }

    held.release();
  }

  throw new LockedError('other recovers come and go in the same directories', {
    hints: ['Try again when they have ended.'],
  });
}

/**
 * Refuses what `holdPlaces` would refuse now, and holds nothing: before something is done for the sake of a recover that could not
 * begin. @throws {LockedError}
 */
export function refuseHeldPlaces(directories: readonly string[]): void {
  const named = findJournals(directories).flatMap(placesNamed);
  const places = realDirectories([...directories, ...named]);

  refuseWhileRecovered(places);
  for (const place of places) refuseWhileRead(place);
}

function placesNamed({ home, journal }: FoundJournal): string[] {
  return [home, ...journal.stagingDirs.map((staging) => dirname(staging))];
}

async function lockAll(
  request: RecoverRequest,
  directories: readonly string[],
): Promise<Pick<HeldPlaces, 'deadPids' | 'release'>> {
  const locks: Lock[] = [];
  const deadPids: number[] = [];
  const release = (): void => {
    for (const lock of locks.splice(0).reverse()) releaseQuietly(lock);
  };

  try {
    for (const directory of directories) {
      const path = join(directory, RECOVER_LOCK);
      const pid = readPid(path);
      const { clock, signal } = request;

      locks.push(
        await acquireLock({
          path,
          what: 'the store',
          command: 'recover',
          clock,
          ...(signal && { signal }),
        }),
      );
      if (pid !== undefined) deadPids.push(pid);
    }

    for (const directory of directories) refuseWhileRead(directory);
  } catch (error) {
    release();
    throw error;
  }

  return { deadPids, release };
}

/** A lock that cannot be removed is no failure of the recover: it is that of a dead process in a moment. */
function releaseQuietly(lock: Lock): void {
  try {
    lock.release();
  } catch (error) {
    if (toSystemError(error) === undefined) throw error;
  }
}

/** Whose lock lies there now; once it is ours, that process has died. */
function readPid(path: string): number | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof holder === 'object' &&
      holder &&
      'pid' in holder &&
      typeof holder.pid === 'number'
      ? holder.pid
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Refuses to go on with a swap of which a disk is not mounted: neither state would be found there, and one of them would
 * be taken for whole. @throws {FailedError} naming what is missing
 */
export function refuseMissingPlaces({ journal }: FoundJournal): void {
  if (journal.id === '' || journal.phase === 'settled') return;

  const missing = journal.stagingDirs.find((staging) => !isDirectory(staging));
  if (missing === undefined) return;

  throw new FailedError(
    `the recover of ${journal.archive} also replaces files in ${dirname(missing)}: ${missing} is not there`,
    {
      hints: [
        `Mount the disk that holds ${dirname(missing)}, and try again.`,
        `Where it was removed on purpose, make an empty directory ${missing}: the rest is completed then.`,
      ],
    },
  );
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

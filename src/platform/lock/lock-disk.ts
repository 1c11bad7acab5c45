import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, messageOf } from '../../errors.js';
import { syncDirectory, syncFile, writeFully } from '../atomic-file.js';
import { removeTree } from '../remove-tree.js';
import { readOwnJson, type OwnFile } from '../own-file.js';
import { isHeldCode, pausesMs, PATIENCE_MS, waitMs } from '../patience.js';
import { formatHolder, type Holder, parseHolder } from './holder.js';

/** The claim at a path. */
export type Claim =
  | { readonly state: 'free' }
  | {
      readonly state: 'held';
      readonly holder: Holder;
      readonly isFile: boolean;
    }
  /** A file or directory that names no holder. */
  | {
      readonly state: 'unknown';
      readonly fact: string;
      readonly isFile: boolean;
      readonly isJunk: boolean;
    };

/** The calls that a lock is made of. A file system does each of them as a whole, with or without hard links. */
export interface LockDisk {
  look(place: string): Claim;
  /** Writes a file that names the holder, under a name that is no lock's. @throws {Error} the operating system's */
  prepareFile(path: string, holder: Holder): void;
  /** Makes a directory that holds such a file. @throws {Error} the operating system's */
  prepareDirectory(path: string, holder: Holder): void;
  /** Gives a prepared file the claim's name too, where no other file has it. */
  link(prepared: string, place: string): 'won' | 'taken' | 'no links here';
  /** Gives a prepared directory a claim's name. False where the name is taken, or the directory around it is gone. */
  claim(prepared: string, place: string): boolean;
  /** Claims on a full disk, by an empty file. False where the name is taken, or the directory around it is gone. */
  claimNamelessly(place: string, holder: Holder): boolean;
  /** Renames the file or directory at a path; false where there is none. */
  moveAway(place: string, path: string): boolean;
  /** Removes a file, never a directory. */
  removeFile(place: string): void;
  remove(path: string): void;
}

/** The file in a claim's directory that names its holder. */
const HOLDER_FILE = 'holder.json';

export const lockDisk: LockDisk = {
  look(place) {
    const kind = kindOf(place);
    if (kind === 'nothing') return { state: 'free' };

    const isFile = kind === 'file';

    const file = readOwnJson(
      isFile ? place : join(place, HOLDER_FILE),
      parseHolder,
    );

    if (file.state === 'sound') return heldClaim(file.value, isFile);
    if (file.state !== 'absent') {
      return unknown(factOf(file), { isFile, isJunk: file.state === 'junk' });
    }

    // An empty directory is no lock: a lock gets its name with its holder inside.
    if (isFile) return unknown('is a link that leads nowhere', { isFile });

    return isEmpty(place)
      ? { state: 'free' }
      : unknown('is a directory without a holder', { isFile });
  },

  prepareFile(path, holder) {
    writeSynced(path, formatHolder(holder));
  },

  prepareDirectory(path, holder) {
    mkdirSync(path, { mode: 0o755 });
    writeSynced(join(path, HOLDER_FILE), formatHolder(holder));
    // A disk that cannot sync a directory gets no further help.
    quietly(() => {
      syncDirectory(path);
    });
  },

  link(prepared, place) {
    try {
      linkSync(prepared, place);
      return 'won';
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return 'taken';
      return 'no links here';
    }
  },

  claim(prepared, place) {
    for (const pauseMs of [...pausesMs(PATIENCE_MS), undefined]) {
      try {
        renameSync(prepared, place);
        return true;
      } catch (error) {
        if (isParentGone(error, place)) return false;

        if (isTaken(place)) {
          // On Windows, no directory can take the name of an empty one, as on other systems.
          quietly(() => {
            rmdirSync(place);
          });

          return false;
        }

        refuseUnlessHeld(error, pauseMs);
      }

      waitMs(pauseMs ?? 0);
    }

    return false;
  },

  claimNamelessly(place, holder) {
    let fd: number;
    try {
      fd = openSync(place, 'wx', 0o644);
    } catch (error) {
      if (isTaken(place) || isParentGone(error, place)) return false;

      throw error;
    }

    try {
      quietly(() => {
        writeFully(fd, Buffer.from(formatHolder(holder)));
      });
    } finally {
      closeSync(fd);
    }

    return true;
  },

  moveAway(place, path) {
    for (const pauseMs of [...pausesMs(PATIENCE_MS), undefined]) {
      try {
        renameSync(place, path);
        return true;
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return false;

        refuseUnlessHeld(error, pauseMs);
      }

      waitMs(pauseMs ?? 0);
    }

    return false;
  },

  removeFile(place) {
    quietly(() => {
      unlinkSync(place);
    });
  },

  remove(path) {
    quietly(() => {
      removeTree(path);
    });
  },
};

function unknown(
  fact: string,
  { isFile, isJunk = true }: { isFile: boolean; isJunk?: boolean },
): Claim {
  return { state: 'unknown', fact, isFile, isJunk };
}

/** Writes a file and syncs it, because a lock must name its holder after a power cut too. */
function writeSynced(path: string, text: string): void {
  const fd = openSync(path, 'wx', 0o644);
  try {
    writeFully(fd, Buffer.from(text));
    syncFile(fd, path);
  } finally {
    closeSync(fd);
  }
}

/** Returns the claim of a holder. A directory needs an id that a next claim can follow; version 0.1.0 made files. */
function heldClaim(holder: Holder, isFile: boolean): Claim {
  if (!isFile && holder.id === '') {
    return unknown('says nothing usable', { isFile });
  }

  return { state: 'held', holder, isFile };
}

function isTaken(place: string): boolean {
  return kindOf(place) !== 'nothing';
}

/** Says whether the lock around a claim was released meanwhile. */
function isParentGone(error: unknown, place: string): boolean {
  return (
    ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '') &&
    kindOf(dirname(place)) !== 'directory'
  );
}

/** Throws an error unless another program, such as a virus scanner, has the directory open for a moment. */
function refuseUnlessHeld(error: unknown, pauseMs: number | undefined): void {
  if (pauseMs === undefined || !isHeldCode(errnoOf(error) ?? '')) throw error;
}

function kindOf(place: string): 'nothing' | 'file' | 'directory' {
  try {
    return lstatSync(place).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') {
      return 'nothing';
    }

    throw error;
  }
}

function isEmpty(directory: string): boolean {
  try {
    return readdirSync(directory).length === 0;
  } catch (error) {
    return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR';
  }
}

function factOf(
  file: Exclude<OwnFile<Holder>, { state: 'sound' | 'absent' }>,
): string {
  return file.state === 'junk'
    ? file.fact
    : `cannot be read (${errnoOf(file.cause) ?? messageOf(file.cause)})`;
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // A later run sweeps the rest.
  }
}

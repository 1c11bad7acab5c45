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

/** What lies at the place of a claim. */
export type Claim =
  | { readonly state: 'free' }
  | {
      readonly state: 'held';
      readonly holder: Holder;
      readonly isFile: boolean;
    }
  /** Somebody's, and nobody can tell whose. */
  | {
      readonly state: 'unknown';
      readonly fact: string;
      readonly isFile: boolean;
      readonly isJunk: boolean;
    };

/** The steps a lock is made of: each is one that a file system does as a whole, with or without hard links. */
export interface LockDisk {
  look(place: string): Claim;
  /** A file that says who `holder` is, under a name that nobody looks at. @throws {Error} the operating system's */
  prepareFile(path: string, holder: Holder): void;
  /** A directory that holds such a file. @throws {Error} the operating system's */
  prepareDirectory(path: string, holder: Holder): void;
  /** Gives a prepared file the claim's name too, where no other has it. */
  link(prepared: string, place: string): 'won' | 'taken' | 'no links here';
  /** Gives a prepared directory a claim's name. False where the name is taken, or the directory around it is gone. */
  claim(prepared: string, place: string): boolean;
  /** The same without room for a word on the disk: an empty file. False as above. */
  claimNamelessly(place: string, holder: Holder): boolean;
  /** Gives what lies at a place another name; false where nothing does. */
  moveAway(place: string, path: string): boolean;
  /** Removes a file, never a directory. */
  removeFile(place: string): void;
  remove(path: string): void;
}

/** In a claim's directory. */
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

    // An empty directory is nobody's lock: a lock gets its name with its holder inside.
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
    // A disk that cannot sync a directory keeps what it can.
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
          // Windows lets no directory take the name of an empty one, as others do.
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

/** Synced, because after a power cut a lock must say whose it is. */
function writeSynced(path: string, text: string): void {
  const fd = openSync(path, 'wx', 0o644);
  try {
    writeFully(fd, Buffer.from(text));
    syncFile(fd, path);
  } finally {
    closeSync(fd);
  }
}

/** Nobody can follow a holder without an id; an earlier version had none, and made a file. */
function heldClaim(holder: Holder, isFile: boolean): Claim {
  if (!isFile && holder.id === '') {
    return unknown('says nothing usable', { isFile });
  }

  return { state: 'held', holder, isFile };
}

function isTaken(place: string): boolean {
  return kindOf(place) !== 'nothing';
}

/** What a claim was to be laid into was released meanwhile. */
function isParentGone(error: unknown, place: string): boolean {
  return (
    ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '') &&
    kindOf(dirname(place)) !== 'directory'
  );
}

/** A scanner has a new directory open for a moment; anything else, and what lasts, is an error. */
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
    // What stays is swept by a later run.
  }
}

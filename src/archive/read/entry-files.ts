import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  mkdirSync,
  openSync,
} from 'node:fs';
import { dirname, sep } from 'node:path';
import { errnoOf } from '../../errors.js';
import { writeFully } from '../../platform/atomic-file.js';
import { giveTime } from '../../platform/file-times.js';
import { optionally } from '../../platform/optional-calls.js';
import { naming } from '../../platform/system-error.js';
import { fileNameAt } from '../entry-kind.js';
import type { EntryTable } from '../zip/entry-table.js';
import { type TargetRule, targetOf } from './read-tasks.js';

/**
 * Creating the files of a recover. Names have been checked before; files are only ever created, so that nothing that
 * exists and no link can be written through.
 */

const CREATE =
  constants.O_WRONLY |
  constants.O_CREAT |
  constants.O_EXCL |
  (constants.O_NOFOLLOW || 0);
/** The pieces of one file meet in it, whichever comes first. */
const CREATE_SHARED =
  constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW || 0);

const MODE_WHILE_WRITTEN = 0o600;
/** Each of the threads may give the file its mode while one opens it. */
const MOST_ATTEMPTS = 100;

/** Makes directories with their parents, each once. */
export class Directories {
  readonly #made = new Set<string>();
  /** The directory of the last file, with its separator. */
  #last = '';

  make(path: string): void {
    if (this.#made.has(path)) return;
    mkdirSync(path, { recursive: true });
    this.#made.add(path);
  }

  /** Makes the directory that a file lies in; as a rule the one of the file before it. */
  makeFor(path: string): void {
    const nameAt = Math.max(path.lastIndexOf('/'), path.lastIndexOf(sep)) + 1;
    if (nameAt === this.#last.length && path.startsWith(this.#last)) return;

    this.make(dirname(path));
    this.#last = path.slice(0, nameAt);
  }
}

/** The place that entries are written to. */
export interface EntryTarget {
  readonly rules: readonly TargetRule[];
  readonly directories: Directories;
}

/** Opens the file that an entry becomes; undefined where no rule covers it or it is a directory, which is made. */
export function createEntryFile(
  table: EntryTable,
  index: number,
  target: EntryTarget,
): EntryFile | undefined {
  const { rules, directories } = target;
  const piece = table.piece(index);
  const place = targetOf(rules, fileNameAt(table, index));
  if (!place) return undefined;

  if (table.isDirectory(index)) {
    directories.make(place.path.replace(/\/+$/, ''));
    return undefined;
  }

  directories.makeFor(place.path);

  return new EntryFile(place.path, {
    offsetBytes: piece?.offsetBytes,
    owner: place.rule.owner,
    mode: modeOf(table.mode(index)),
    mtimeTicks: table.mtimeTicks(index),
  });
}

/** The facts of a file besides its bytes. */
interface EntryFileFacts {
  /** The place of a piece in its file; undefined where the entry is a whole file. */
  readonly offsetBytes: number | undefined;
  readonly owner: TargetRule['owner'];
  /** Permission bits; undefined where the archive does not say. */
  readonly mode: number | undefined;
  readonly mtimeTicks: bigint;
}

/** A file without any right has mode 0, and its entry still says that it is a file. */
function modeOf(entryMode: number): number | undefined {
  return entryMode === 0 ? undefined : entryMode & 0o777;
}

/**
 * Opens a file for one of its pieces. A piece that is done has given the file its mode, perhaps one without the right to
 * write: the next piece takes that right, and gives the file its mode again when it is done.
 */
function openShared(path: string): number {
  for (let attempt = 1; ; attempt++) {
    try {
      return openSync(path, CREATE_SHARED, MODE_WHILE_WRITTEN);
    } catch (error) {
      if (errnoOf(error) !== 'EACCES' || attempt === MOST_ATTEMPTS) throw error;
      if (!makeWritable(path)) throw error;
    }
  }
}

/** @returns false where the right is not this user's to give */
function makeWritable(path: string): boolean {
  try {
    chmodSync(path, MODE_WHILE_WRITTEN);

    return true;
  } catch {
    return false;
  }
}

/** The file that an entry becomes. It takes the entry's bytes; `finish` gives it its owner, mode and time. */
export class EntryFile {
  readonly #fd: number;
  #position: number;

  constructor(
    private readonly path: string,
    private readonly facts: EntryFileFacts,
  ) {
    this.#fd =
      facts.offsetBytes === undefined
        ? openSync(path, CREATE, MODE_WHILE_WRITTEN)
        : openShared(path);
    this.#position = facts.offsetBytes ?? 0;
  }

  write(bytes: Uint8Array): void {
    naming(this.path, () => {
      writeFully(this.#fd, bytes, this.#position);
    });
    this.#position += bytes.length;
  }

  /** @returns false where the file system keeps another time */
  finish(): boolean {
    const { owner, mode, mtimeTicks } = this.facts;

    if (owner) {
      optionally('owner', this.path, () => {
        fchownSync(this.#fd, owner.uid, owner.gid);
      });
    }

    if (mode !== undefined && process.platform !== 'win32') {
      optionally('mode', this.path, () => {
        fchmodSync(this.#fd, mode);
      });
    }

    const isTimeKept = giveTime(this.path, mtimeTicks, this.#fd);
    closeSync(this.#fd);

    return isTimeKept;
  }

  /** Closes without finishing: the caller's whole staging directory goes. */
  abandon(): void {
    closeSync(this.#fd);
  }
}

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  mkdirSync,
  openSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { writeFully } from '../../platform/atomic-file.js';
import { giveTime } from '../../platform/file-times.js';
import { optionally } from '../../platform/optional-calls.js';
import { naming } from '../../platform/system-error.js';
import { wholeName } from '../entry-names.js';
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
/** Parts of one file meet in it, whichever comes first. */
const CREATE_SHARED =
  constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW || 0);

/** Makes directories with their parents, each once. */
export class Directories {
  readonly #made = new Set<string>();

  make(path: string): void {
    if (this.#made.has(path)) return;
    mkdirSync(path, { recursive: true });
    this.#made.add(path);
  }
}

/** Takes an entry's bytes; `finish` gives the file its mode and time. */
export interface EntryFile {
  write(bytes: Uint8Array): void;
  /** @returns false where the file system keeps another time */
  finish(): boolean;
  /** Closes without finishing: the caller's whole staging directory goes. */
  abandon(): void;
}

/** Where entries are written. */
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
  const part = table.part(index);
  const name = table.name(index);
  const place = targetOf(rules, part ? wholeName(name) : name);
  if (!place) return undefined;

  const { path, rule } = place;
  if (table.isDirectory(index)) {
    directories.make(path.replace(/\/+$/, ''));
    return undefined;
  }

  directories.make(dirname(path));

  const fd = openSync(path, part ? CREATE_SHARED : CREATE, 0o600);
  let position = part?.offsetBytes ?? 0;

  return {
    write: (bytes) => {
      naming(path, () => {
        writeFully(fd, bytes, position);
      });
      position += bytes.length;
    },
    finish: () => {
      const { owner } = rule;
      if (owner) {
        optionally('owner', path, () => {
          fchownSync(fd, owner.uid, owner.gid);
        });
      }

      const mode = table.mode(index) & 0o777;
      if (mode !== 0 && process.platform !== 'win32') {
        optionally('mode', path, () => {
          fchmodSync(fd, mode);
        });
      }

      const isKept = giveTime(path, table.mtimeTicks(index), fd);
      closeSync(fd);

      return isKept;
    },
    abandon: () => {
      closeSync(fd);
    },
  };
}

import { appendFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { FailedError, messageOf, UsageError } from '../errors.js';
import { syncDirectoryOrWarn } from './atomic-file.js';
import { giveTime, ticksOfMs } from './file-times.js';
import { renamePatiently } from './patience.js';
import { removeTree } from './remove-tree.js';
import { addNote } from './run-notes.js';
import { toSystemError } from './system-error.js';

/** A directory that appears with all its files or not at all. */
export class OutputTree {
  readonly #final: string;
  readonly #temporary: string;
  readonly #directories = new Set<string>();

  /**
   * @param path the new directory; it may exist if it is empty
   * @throws {UsageError} when a file or a full directory is there, or its parent is missing
   */
  constructor(path: string) {
    this.#final = resolve(path);

    const existing = statSync(this.#final, { throwIfNoEntry: false });
    if (
      existing &&
      (!existing.isDirectory() || readdirSync(this.#final).length > 0)
    ) {
      throw new UsageError(
        `the output exists and is no empty directory: ${path}`,
        {
          hints: ['Name a new directory.'],
        },
      );
    }

    const parent = dirname(this.#final);
    if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UsageError(`no such directory: ${parent}`, {
        hints: ['Create it, or name another output.'],
      });
    }

    this.#temporary = join(
      parent,
      `.${basename(this.#final)}.kms-backup-tmp-${String(process.pid)}`,
    );
    removeTree(this.#temporary);
    mkdirSync(this.#temporary, { mode: 0o700 });
  }

  /** Makes a directory, and the directories above it. Names use `/` and must be safe file names. */
  addDirectory(name: string): void {
    if (this.#directories.has(name)) return;
    mkdirSync(join(this.#temporary, name), { recursive: true, mode: 0o700 });
    this.#directories.add(name);
  }

  /** Adds bytes to the end of a file. Makes the file and its directories where they are missing. */
  append(name: string, bytes: Uint8Array, modifiedAt: Date): void {
    this.addDirectory(dirname(name));
    const path = join(this.#temporary, name);
    appendFileSync(path, bytes, { mode: 0o600 });
    if (giveTime(path, ticksOfMs(modifiedAt.getTime()))) return;
    const text = `the file system of ${path} cannot keep its time, ${modifiedAt.toISOString()}, nor others as far away.`;
    addNote({ kind: 'remark', key: 'time-out-of-range', text });
  }

  /**
   * Gives the directory its name. Its files are not synced: after a power cut the operator exports again.
   * @throws {FailedError} when the directory vanished or cannot be renamed; it is removed then
   */
  commit(): void {
    try {
      renamePatiently(this.#temporary, this.#final);
    } catch (error) {
      this.discard();

      const fact = `the output could not be completed: ${this.#final}`;

      throw (
        toSystemError(error, { fact }) ??
        new FailedError(`${fact}: ${messageOf(error)}`, { cause: error })
      );
    }

    syncDirectoryOrWarn(this.#final);
  }

  /** Removes the temporary directory. Call it instead of `commit` after any error. */
  discard(): void {
    removeTree(this.#temporary);
  }
}

import {
  closeSync,
  createWriteStream,
  existsSync,
  openSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import {
  errnoOf,
  FailedError,
  type KmsError,
  messageOf,
  UsageError,
} from '../errors.js';
import { syncDirectoryOrWarn, syncFile } from './atomic-file.js';
import { renamePatiently } from './patience.js';
import { toSystemError } from './system-error.js';

/** Where a result goes: a file that appears whole or not at all, or a stream that is written as it comes. */
export interface OutputFile {
  readonly stream: Writable;
  /** Whether the stream is ours to end; standard output is not. */
  readonly endsStream: boolean;
  /**
   * Gives the file its name, after the stream has finished. An abort before leaves the temporary name only.
   * @throws {FailedError} when the file is not whole, or vanished, or cannot be renamed
   */
  commit(): void;
  /** Removes what was written; call it instead of `commit` after any error. */
  discard(): Promise<void>;
}

/** The path that means standard output. */
export const STANDARD_OUTPUT = '-';

/**
 * Opens `path` for writing under a temporary name beside it; `-` is standard output, a pipe or device is written directly.
 * New files are readable by their owner only: what is written is other people's mail.
 * @throws {Error} the operating system's, when the file cannot be created
 * @throws {UsageError} when the file exists and `overwrite` is false, when it is a directory or its directory is missing
 */
export function openOutputFile(path: string, overwrite: boolean): OutputFile {
  if (path === STANDARD_OUTPUT) return directOutput(process.stdout, false);

  const existing = statSync(path, { throwIfNoEntry: false });
  if (existing?.isDirectory()) {
    throw new UsageError(`the output is a directory: ${path}`);
  }

  if (existing && !existing.isFile()) {
    return directOutput(createWriteStream(path), true);
  }

  if (existing && !overwrite) {
    throw new UsageError(`the output exists: ${path}`, {
      hints: ['Name another file, or add --overwrite.'],
    });
  }

  const directory = dirname(path);
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`no such directory: ${directory}`, {
      hints: ['Create it, or name another output.'],
    });
  }

  return temporaryOutput(
    path,
    join(directory, `.${basename(path)}.kms-backup-tmp-${String(process.pid)}`),
  );
}

function directOutput(stream: Writable, endsStream: boolean): OutputFile {
  return {
    stream,
    endsStream,
    commit: () => undefined,
    discard: () => Promise.resolve(),
  };
}

function temporaryOutput(path: string, temporary: string): OutputFile {
  rmSync(temporary, { force: true });

  // Opened at once: a stream opens its file later, even after it was given up and its file removed.
  const fd = openSync(temporary, 'wx', 0o600);
  const stream = createWriteStream(temporary, { fd });

  return {
    stream,
    endsStream: true,
    commit: () => {
      try {
        const { size } = statSync(temporary);
        if (size !== stream.bytesWritten) {
          throw new Error(
            `${String(stream.bytesWritten)} bytes written, ${String(size)} there`,
          );
        }

        // Before the rename: the name never stands for less than the file.
        syncWritten(temporary);
        renamePatiently(temporary, path);
      } catch (error) {
        rmSync(temporary, { force: true });

        const fact = `the output could not be completed: ${path}`;

        throw (
          toSystemError(error, { fact }) ??
          new FailedError(`${fact}: ${messageOf(error)}`, { cause: error })
        );
      }

      syncDirectoryOrWarn(path);
    },
    discard: async () => {
      stream.destroy();
      if (!stream.closed) await once(stream, 'close').catch(() => undefined);
      rmSync(temporary, { force: true });
    },
  };
}

function syncWritten(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    syncFile(fd, path);
  } finally {
    closeSync(fd);
  }
}

/** A write error in the words of somebody who looks at a terminal. */
export function outputError(path: string, error: unknown): KmsError {
  const fact = `cannot write to ${path === STANDARD_OUTPUT ? 'standard output' : path}`;
  const known = isStream(path) ? undefined : toSystemError(error, { fact });

  return (
    known ??
    new FailedError(
      `${fact}: ${STREAM_WORDS[errnoOf(error) ?? ''] ?? messageOf(error)}`,
      { cause: error },
    )
  );
}

/** What a program or a device at the other end means by an error. */
const STREAM_WORDS: Readonly<Record<string, string>> = {
  EPIPE: 'the program that reads it has ended',
  ENOSPC: 'no space left on its file system',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than its file system or limit allows',
};

function isStream(path: string): boolean {
  return (
    path === STANDARD_OUTPUT || (existsSync(path) && !statSync(path).isFile())
  );
}

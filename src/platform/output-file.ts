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

/** The output of a command: a file that appears whole or not at all, or a stream. */
export interface OutputFile {
  readonly stream: Writable;
  /** The writer ends the stream; standard output stays open. */
  readonly endsStream: boolean;
  /**
   * Gives the file its name, after the stream has finished. An abort before that leaves the temporary file only.
   * @throws {FailedError} when the file is not whole, or vanished, or cannot be renamed
   */
  commit(): void;
  /** Removes the temporary file. Call it instead of `commit` after any error. */
  discard(): Promise<void>;
}

/** The path that means standard output. */
export const STANDARD_OUTPUT = '-';

/**
 * Opens `path` for writing, under a temporary name beside it; `-` is standard output, and a pipe or device is written
 * directly. A new file is readable by its owner only, because it holds other people's mail.
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

  // A stream opens its file later, even after `discard` removed it: so the file is opened here.
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

        // Synced before the rename, so that the name never leads to half a file.
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

/** Translates a write error for the operator at a terminal. */
export function outputError(path: string, error: unknown): KmsError {
  const fact = `cannot write to ${path === STANDARD_OUTPUT ? 'standard output' : path}`;
  const refusal = isStream(path) ? undefined : toSystemError(error, { fact });

  return (
    refusal ??
    new FailedError(
      `${fact}: ${STREAM_WORDS[errnoOf(error) ?? ''] ?? messageOf(error)}`,
      { cause: error },
    )
  );
}

/** The meaning of an error of a pipe or device. */
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

import {
  ConfigurationError,
  errnoOf,
  KmsError,
  messageOf,
  NoSpaceError,
  SystemError,
} from '../errors.js';
import { classOf, wordsOf } from './errno-classes.js';

/** Translates errors of the operating system into sentences for people. */

/** Facts of the caller that the operating system's error does not hold. */
export interface ErrorContext {
  /** The failed work, in place of the call and its path: `the backup directory /srv/backup cannot be written`. */
  readonly fact?: string;
  /** The path of a call through a file descriptor, whose error names none. */
  readonly path?: string;
  /** Further advice: `Nothing was published; earlier archives are untouched.` */
  readonly hints?: readonly string[];
}

/**
 * Translates an error of the operating system, with the code, hints and exit code of its group:
 * `cannot write /srv/backup/F….zip.part: the disk reports an error (EIO)`. Returns undefined for an error of another kind,
 * and for one that only a defect of this program causes (`EBADF`).
 */
export function toSystemError(
  error: unknown,
  context: ErrorContext = {},
): KmsError | undefined {
  if (error instanceof SystemError || error instanceof NoSpaceError) {
    return error;
  }

  const errno = errnoOf(error);
  if (errno === undefined || !isOfSystem(error)) return undefined;

  return errno === REMOTE
    ? toRemoteError(error, context)
    : toErrorOfGroup(error, errno, context);
}

function toErrorOfGroup(
  error: NodeJS.ErrnoException,
  errno: string,
  context: ErrorContext,
): KmsError | undefined {
  const group = classOf(errno);
  if (!group) return undefined;

  const fact = context.fact ?? describeCall(error, context.path);
  const message = `${fact}: ${wordsOf(errno)} (${errno})`;
  const hints = [...group.hints, ...(context.hints ?? [])];
  const details = { hints, cause: error };

  return group.code === 'NO_SPACE'
    ? new NoSpaceError(message, details)
    : new SystemError(group.code, errno, message, details);
}

/** The errno of a server in a network, whose client has found words for what went wrong. */
export const REMOTE = 'EREMOTE';

/** Says whether a server cannot be asked, for whatever it may be. */
export function isRemoteFailure(error: unknown): boolean {
  return errnoOf(error) === REMOTE;
}

function toRemoteError(error: Error, { fact, hints }: ErrorContext): KmsError {
  const message =
    fact === undefined ? error.message : `${fact}: ${error.message}`;

  return new SystemError('NOT_REACHABLE', REMOTE, message, {
    hints: [
      'See what "kms-backup target test" says of it, and run the command again.',
      ...(hints ?? []),
    ],
    cause: error,
  });
}

/** Returns an error of this program as it is, one of the operating system translated, and undefined for a defect. */
export function toKnownError(error: unknown): KmsError | undefined {
  return error instanceof KmsError ? error : toSystemError(error);
}

/** Codes of errors that are a wrong configuration, where they concern a file of settings. */
const CONFIGURATION_CODES: ReadonlySet<string> = new Set([
  'NO_PERMISSION',
  'BAD_PATH',
  'CHANGED',
]);

/**
 * Returns the error of a file of settings that cannot be read.
 * @param fact `cannot read /opt/kerio/mailserver/mailserver.cfg`
 */
export function toUnreadableSettings(
  error: unknown,
  fact: string,
  hints: readonly string[] = [],
): KmsError {
  if (error instanceof ConfigurationError) return error;

  const refusal = toSystemError(error, { fact });
  if (refusal && !CONFIGURATION_CODES.has(refusal.code)) return refusal;

  const message = refusal?.message ?? `${fact}: ${messageOf(error)}`;

  return new ConfigurationError(message, {
    hints: [...(refusal?.hints ?? []), ...hints],
    cause: error,
  });
}

/**
 * Does work with file descriptors, and adds the path to its errors, which name no file.
 * @throws {Error} the operating system's, with `path`
 */
export function naming<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw withPath(error, path);
  }
}

/** Adds a path to an operating system's error that has none. */
export function withPath(error: unknown, path: string): unknown {
  if (isOfSystem(error) && error.path === undefined) error.path = path;
  return error;
}

/** Recognises an error of the operating system: it names the refused call. */
function isOfSystem(
  error: unknown,
): error is NodeJS.ErrnoException & { dest?: string } {
  return (
    error instanceof Error &&
    'syscall' in error &&
    typeof error.syscall === 'string'
  );
}

/** Describes a refused call: `cannot rename A to B`. */
function describeCall(
  error: NodeJS.ErrnoException & { dest?: string },
  where: string | undefined,
): string {
  const call = error.syscall ?? '';
  const path = error.path ?? where;
  const target = [path, error.dest]
    .filter((part) => part !== undefined && part !== '')
    .join(' to ');
  const verb =
    VERBS[call] ?? VERBS[call.replace(/^[lf](?=[a-z]{4})/, '')] ?? call;

  return target === '' ? `cannot ${verb} a file` : `cannot ${verb} ${target}`;
}

/** A verb for each call, by Node's name of the call; `fstat` and `lstat` have the verb of `stat`. */
const VERBS: Readonly<Record<string, string>> = {
  open: 'open',
  close: 'close',
  read: 'read',
  write: 'write',
  datasync: 'sync',
  fdatasync: 'sync',
  fsync: 'sync',
  sync: 'sync',
  truncate: 'set the size of',
  rename: 'rename',
  link: 'link',
  symlink: 'link',
  readlink: 'read the link',
  realpath: 'resolve',
  unlink: 'remove',
  rm: 'remove',
  rmdir: 'remove',
  mkdir: 'create',
  mkdtemp: 'create',
  scandir: 'list',
  opendir: 'list',
  readdir: 'list',
  stat: 'look at',
  statx: 'look at',
  statfs: 'ask for the free space of',
  access: 'enter',
  chmod: 'set the mode of',
  chown: 'set the owner of',
  utime: 'set the time of',
  utimes: 'set the time of',
  copyfile: 'copy',
};

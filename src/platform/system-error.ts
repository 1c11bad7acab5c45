import {
  ConfigurationError,
  errnoOf,
  KmsError,
  messageOf,
  NoSpaceError,
  SystemError,
} from '../errors.js';
import { classOf, wordsOf } from './errno-classes.js';

/** What the one who asks knows and the operating system's error does not say. */
export interface Known {
  /** What could not be done, in place of the call and its path: `the backup directory /srv/backup cannot be written`. */
  readonly fact?: string;
  /** Where, if the call was made through a file descriptor and names no path. */
  readonly path?: string;
  /** What else to do or to know: `Nothing was published; earlier archives are untouched.` */
  readonly hints?: readonly string[];
}

/**
 * An error of the operating system in words for people, with the code, hints and exit code of its class:
 * `cannot write /srv/backup/F….zip.part: the disk reports an error (EIO)`. Undefined where it is none, or one that only
 * a mistake of ours brings about (`EBADF`): what nobody foresaw stays a defect.
 */
export function toSystemError(
  error: unknown,
  known: Known = {},
): KmsError | undefined {
  if (error instanceof SystemError || error instanceof NoSpaceError) {
    return error;
  }

  const errno = errnoOf(error);
  if (errno === undefined || !isOfSystem(error)) return undefined;

  const found = classOf(errno);
  if (!found) return undefined;

  const message = `${known.fact ?? describeCall(error, known.path)}: ${wordsOf(errno)} (${errno})`;

  const details = {
    hints: [...found.hints, ...(known.hints ?? [])],
    cause: error,
  };

  if (found.code === 'NO_SPACE') return new NoSpaceError(message, details);

  return new SystemError(found.code, errno, message, details);
}

/** Our own errors as they are, the operating system's in words for people; undefined for a defect of this program. */
export function toKnownError(error: unknown): KmsError | undefined {
  return error instanceof KmsError ? error : toSystemError(error);
}

/** What is wrong with the path or the rights of a file that configures us is wrong configuration, and no bad disk. */
const CONFIGURED: ReadonlySet<string> = new Set([
  'NO_PERMISSION',
  'BAD_PATH',
  'CHANGED',
]);

/** The error of a file of settings that cannot be read. `fact`: `cannot read /opt/kerio/mailserver/mailserver.cfg` */
export function toUnreadableSettings(
  error: unknown,
  fact: string,
  hints: readonly string[] = [],
): KmsError {
  if (error instanceof ConfigurationError) return error;

  const known = toSystemError(error, { fact });
  if (known && !CONFIGURED.has(known.code)) return known;

  const message = known?.message ?? `${fact}: ${messageOf(error)}`;

  return new ConfigurationError(message, {
    hints: [...(known?.hints ?? []), ...hints],
    cause: error,
  });
}

/**
 * Does something through file descriptors, whose errors name no file.
 * @throws {Error} the operating system's, which names `path` now
 */
export function naming<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw withPath(error, path);
  }
}

/** Gives an operating system's error the path that its call did not know. */
export function withPath(error: unknown, path: string): unknown {
  if (isOfSystem(error) && error.path === undefined) error.path = path;
  return error;
}

/** Every error of the operating system names the call that it refused. */
function isOfSystem(
  error: unknown,
): error is NodeJS.ErrnoException & { dest?: string } {
  return (
    error instanceof Error &&
    'syscall' in error &&
    typeof error.syscall === 'string'
  );
}

/** `cannot rename A to B` */
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

/** What a call does, by the name that Node has for it; `fstat` and `lstat` are found as `stat`. */
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

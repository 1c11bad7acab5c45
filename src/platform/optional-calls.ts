import { errnoOf } from '../errors.js';
import { addNote } from './run-notes.js';

/** A call that some file systems do not offer (SMB, FAT, FUSE, NFS), and that the program can do without. */
export type OptionalCall =
  'sync-directory' | 'sync-file' | 'mode' | 'owner' | 'time' | 'link';

interface Rule {
  /** Completes `the file system of … does not offer …`. */
  readonly what: string;
  /** The consequence of the missing call. */
  readonly meaning: string;
  /** Errors by which file systems refuse this call, besides those of `EVERYWHERE`. */
  readonly errnos: readonly string[];
}

/** Errors by which a file system refuses any call that it does not offer. */
const EVERYWHERE: readonly string[] = [
  'EOPNOTSUPP',
  'ENOTSUP',
  'ENOSYS',
  'ENOTTY',
  'EINVAL',
];

const RULES: Readonly<Record<OptionalCall, Rule>> = {
  'sync-directory': {
    what: 'to sync a directory',
    meaning: 'after a power cut the newest names there may be missing',
    errnos: ['EBADF', 'EPERM', 'EISDIR'],
  },
  'sync-file': {
    what: 'to sync a file',
    meaning: 'after a power cut what was written last may be missing',
    errnos: [],
  },
  mode: {
    what: 'to set the rights of a file',
    meaning: 'files there have the rights that it gives them',
    errnos: ['EBADF', 'EPERM', 'EACCES'],
  },
  owner: {
    what: 'to set the owner of a file',
    meaning: 'files there have the owner that it gives them',
    errnos: ['EBADF', 'EPERM', 'EACCES'],
  },
  time: {
    what: 'to set the time of a file',
    meaning: 'files there have the time at which they were written',
    errnos: ['EBADF', 'EPERM', 'EACCES'],
  },
  link: {
    what: 'hard links',
    meaning: 'files there are copied or renamed instead',
    errnos: ['EPERM', 'EACCES', 'EMLINK', 'EXDEV'],
  },
};

/**
 * Makes a call that a file system may not offer. The run notes each missing call once.
 * @param path the file or directory, for the note
 * @returns false where the file system does not offer the call
 * @throws {Error} the operating system's, for every other reason: a disk that fails, a share that is gone
 */
export function optionally(
  call: OptionalCall,
  path: string,
  work: () => void,
): boolean {
  try {
    work();
    return true;
  } catch (error) {
    forgo(call, path, error);
    return false;
  }
}

/** Notes that a failed call was left out. @throws the error, where it is no refusal of a missing call */
export function forgo(call: OptionalCall, path: string, error: unknown): void {
  const errno = errnoOf(error);
  const { what, meaning, errnos } = RULES[call];

  if (
    errno === undefined ||
    !(EVERYWHERE.includes(errno) || errnos.includes(errno))
  ) {
    throw error;
  }

  const text = `the file system of ${path} does not offer ${what} (${errno}); it was done without: ${meaning}.`;
  addNote({ kind: 'remark', key: call, text });
}

import { errnoOf } from '../errors.js';
import { addNote } from './run-notes.js';

/** What a file system may not offer (SMB, FAT, FUSE, NFS), and what can be done without. */
export type OptionalCall =
  'sync-directory' | 'sync-file' | 'mode' | 'owner' | 'time' | 'link';

interface Rule {
  /** Completes `the file system of … does not offer …`. */
  readonly what: string;
  /** What it means that it was done without. */
  readonly meaning: string;
  /** How file systems say so, besides `EVERYWHERE`. */
  readonly errnos: readonly string[];
}

/** How a file system says of any call that it does not have it. */
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
 * Makes a call that a file system may not offer. What is not offered is noted once a run.
 * @param path what the call is made for; the note says where it was
 * @returns whether it was done
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

/** Goes on without a call that failed. @throws the error, where it says anything else than that there is no such call */
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

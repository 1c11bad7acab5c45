/** An object that cannot be read is no damaged archive: readers know it by the error of the operating system that it is like. */
import { REMOTE } from '../../platform/system-error.js';
import { ObjectStoreError } from '../../object-store/object-store-error.js';

/** The errors of the operating system that the codes of a server are like. */
const ERRNOS: Readonly<Record<string, string>> = {
  NoSuchKey: 'ENOENT',
  NoSuchBucket: 'ENOENT',
  // The object under the name is not the one that was listed.
  PreconditionFailed: 'ESTALE',
  InvalidRange: 'ESTALE',
};

/** The failure to read an object; an error of another kind as it is. @param path the object in messages */
export function toReadFailure(error: unknown, path: string): unknown {
  if (!(error instanceof ObjectStoreError)) return error;

  const failure = new Error(error.message, { cause: error });

  return Object.assign(failure, {
    code: errnoLike(error),
    syscall: 'read',
    path,
  });
}

/** The failure to open what is not there. */
export function noSuchObject(path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`there is no ${path}`), {
    code: 'ENOENT',
    syscall: 'open',
    path,
  });
}

function errnoLike({ reason }: ObjectStoreError): string {
  return ERRNOS[reason] ?? REMOTE;
}

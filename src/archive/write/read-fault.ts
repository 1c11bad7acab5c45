import { errnoOf, messageOf } from '../../errors.js';
import { isHeldCode } from '../../platform/patience.js';

/** The reason that a file cannot be read: plain data, which threads hand to each other. */
export interface ReadFault {
  /** The operating system's code: `EACCES`. Undefined where the reason is none of the system's. */
  readonly errno: string | undefined;
  /** For the report. */
  readonly reason: string;
}

/** The fault of a file that is gone, or in whose place or directory's place something else stands. */
export const GONE: ReadFault = { errno: 'ENOENT', reason: 'ENOENT' };

export function isGoneFault({ errno }: ReadFault): boolean {
  return errno === GONE.errno;
}

/** Says whether another program holds the file, perhaps only for a moment. */
export function isHeldFault(
  fault: ReadFault,
): fault is ReadFault & { readonly errno: string } {
  return fault.errno !== undefined && isHeldCode(fault.errno);
}

export function toReadFault(error: unknown): ReadFault {
  const errno = errnoOf(error);

  // A link has taken the file's place since it was listed.
  if (errno === 'ELOOP') {
    return { errno, reason: 'symbolic link, not followed' };
  }

  return { errno, reason: errno ?? messageOf(error) };
}

/** A file that cannot be read: it becomes a line of the report, where any other error ends the run. */
export class SourceReadError extends Error {
  constructor(
    readonly fault: ReadFault,
    options?: ErrorOptions,
  ) {
    super(fault.reason, options);
  }
}

import { errnoOf, ExitCode, KmsError, NoSpaceError } from '../../errors.js';
import { toSystemError } from '../../platform/system-error.js';

const UNTOUCHED = 'Nothing was published; earlier archives are untouched.';

/** A full disk, and every other refusal of the system, in the documented words; anything else as it is. */
export function toSpaceError(error: unknown): unknown {
  const code = errnoOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') {
    return toSystemError(error, { hints: [UNTOUCHED] }) ?? error;
  }

  return new NoSpaceError(
    code === 'ENOSPC'
      ? 'the disk of the backup directory is full'
      : 'the disk quota of the backup directory is used up',
    {
      hints: [
        'Free space there, or lower the number of kept backups.',
        UNTOUCHED,
      ],
      cause: error,
    },
  );
}

/** The disk took the bytes of a volume and gives others back. */
export function notAsWritten(path: string, atByte: number): KmsError {
  return new KmsError(
    'READ_BACK',
    ExitCode.failed,
    `${path} does not hold at byte ${atByte} what was written there`,
    {
      hints: [
        'Look at the health of that disk, its cable and its memory, or of the share; back up to another until then.',
        UNTOUCHED,
      ],
    },
  );
}

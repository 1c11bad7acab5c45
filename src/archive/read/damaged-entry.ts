import { DamagedArchiveError, KmsError, messageOf } from '../../errors.js';
import { isReadFailure } from '../zip/source.js';

/**
 * The error of one of our own texts that cannot be read from an archive. What the operating system would not read, and
 * what is worded already, stays as it is.
 */
export function toTextError(
  error: unknown,
  volume: string,
  entryName: string,
): unknown {
  if (error instanceof KmsError || isReadFailure(error)) return error;

  return new DamagedArchiveError(
    `${volume}: entry ${entryName} is damaged: ${messageOf(error)}`,
    { hints: ['Verify the archive, and use another one.'], cause: error },
  );
}

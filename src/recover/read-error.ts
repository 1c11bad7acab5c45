import { DamagedArchiveError, errnoOf, messageOf } from '../errors.js';

/** What a failed read of an archive means to people: its disk or share, not the store's. Other errors stay what they are. */
export function toReadError(error: unknown): unknown {
  const code = errnoOf(error);
  // The system's words, `EIO: i/o error, read`, are all that travels from another thread.
  if (code === undefined || !messageOf(error).endsWith(', read')) return error;
  return new DamagedArchiveError(`an archive cannot be read: ${code}`, {
    hints: ['Nothing was changed. Look at the disk or the share that holds it.'],
    cause: error,
  });
}

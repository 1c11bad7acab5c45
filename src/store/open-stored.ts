import { closeSync, constants, openSync } from 'node:fs';
import { goneError, isOpenAt } from '../platform/look-again.js';

/** Opening a file of the live store, which other programs change meanwhile. */

// Never through a link that took the file's place, never waiting for the writer of a pipe that did.
const FOLLOWING_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK || 0);
const OPEN_FLAGS = FOLLOWING_FLAGS | (constants.O_NOFOLLOW || 0);

/** The rule for opening a file of the store. */
export interface OpenRule {
  /** It may be a link, which is followed. */
  readonly followsLinks?: boolean | undefined;
  /** Each file's real path is checked, so that no link above it was followed, not even for a moment. */
  readonly asksPlace?: boolean | undefined;
}

/**
 * Opens a file of the store for reading; the caller closes it.
 * @throws {Error} the operating system's; ENOENT where something else lies there now
 */
export function openStored(
  path: string,
  { followsLinks, asksPlace }: OpenRule,
): number {
  const fd = openSync(path, followsLinks ? FOLLOWING_FLAGS : OPEN_FLAGS);
  if (!asksPlace || followsLinks || isOpenAt(fd, path)) return fd;
  closeSync(fd);
  throw goneError('it lay elsewhere when it was opened');
}

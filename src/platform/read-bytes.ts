import { read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf } from '../errors.js';

const readAsync = promisify(read);

/** A signal or a share may cut a call short now and then; one that always does is no signal. */
const MOST_TRIES = 100;

/**
 * Reads up to `length` bytes of a file; other calls are repeated by Node itself when a signal interrupts them, this one is not.
 * @param position undefined: where the last call ended
 * @returns how many there were; 0 at the end of the file
 * @throws {Error} the operating system's
 */
// eslint-disable-next-line max-params -- those of readSync
export function readBytes(
  fd: number,
  into: Uint8Array,
  offset: number,
  length: number,
  position?: number,
): number {
  for (let tries = 1; ; tries++) {
    try {
      return readSync(fd, into, offset, length, position ?? null);
    } catch (error) {
      if (errnoOf(error) !== 'EINTR' || tries === MOST_TRIES) throw error;
    }
  }
}

/** The same outside of this thread. */
// eslint-disable-next-line max-params -- those of read
export async function readBytesAside(
  fd: number,
  into: Uint8Array,
  offset: number,
  length: number,
  position: number,
): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return (await readAsync(fd, into, offset, length, position)).bytesRead;
    } catch (error) {
      if (errnoOf(error) !== 'EINTR' || tries === MOST_TRIES) throw error;
    }
  }
}

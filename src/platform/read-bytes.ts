import { fstatSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf } from '../errors.js';

const readAsync = promisify(read);

/** A signal or a share interrupts a call now and then; after so many tries in a row there is another cause. */
const MOST_TRIES = 100;

/**
 * Reads up to `length` bytes of a file, and repeats a call that a signal interrupts. Node repeats other calls itself.
 * @param position default: the end of the last call
 * @returns the number of bytes; 0 at the end of the file
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

/** The last bytes of a file, at most so many, as text. @throws {Error} the operating system's */
export function readTail(fd: number, mostBytes: number): string {
  const { size } = fstatSync(fd);
  const tail = Buffer.alloc(Math.min(size, mostBytes));
  const count = readBytes(fd, tail, 0, tail.length, size - tail.length);

  return tail.subarray(0, count).toString('utf8');
}

/** Reads like `readBytes`, while this thread goes on. */
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

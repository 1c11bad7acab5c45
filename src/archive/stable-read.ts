import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { ticksOf } from '../platform/file-times.js';

/** A file's content lies in the buffer that was passed; this is the rest of what an entry needs. */
export interface StableFile {
  readonly sizeBytes: number;
  readonly mtimeTicks: bigint;
  readonly mode: number;
  /** False when the file changed during both readings: the bytes are those of the second. */
  readonly isSettled: boolean;
}

// Never through a link that took the file's place, never waiting for the writer of a pipe that did.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0);

/**
 * Reads a file that may change meanwhile: once more when its size or times moved during the first reading.
 * Files above `largestBytes` are left alone.
 * @throws {Error} the operating system's; ENOENT where the file vanished
 */
export function readStable(path: string, into: Buffer, largestBytes: number): StableFile | 'large' {
  const fd = openSync(path, OPEN_FLAGS);
  try {
    const first = readOnce(fd, into, largestBytes);
    if (first === 'large' || first.isSettled) return first;
  } finally {
    closeSync(fd);
  }
  // Opened anew: the server may have replaced the file by a rename.
  const again = openSync(path, OPEN_FLAGS);
  try {
    return readOnce(again, into, largestBytes);
  } finally {
    closeSync(again);
  }
}

function readOnce(fd: number, into: Buffer, largestBytes: number): StableFile | 'large' {
  const before = fstatSync(fd, { bigint: true });
  if (!before.isFile()) throw new Error('not a regular file any more');
  const expected = Number(before.size);
  if (expected > largestBytes) return 'large';
  let got = 0;
  // One byte more than expected: a short answer is the end of the file, without another call.
  while (got <= expected) {
    const read = readSync(fd, into, got, expected + 1 - got, null);
    got += read;
    if (read === 0 || got === expected) break;
  }
  const after = fstatSync(fd, { bigint: true });
  const sizeBytes = Math.min(got, largestBytes);
  return {
    sizeBytes,
    mtimeTicks: ticksOf(after),
    mode: Number(after.mode),
    isSettled: got === expected && after.mtimeNs === before.mtimeNs && after.size === before.size,
  };
}

import { type BigIntStats, closeSync, constants, fstatSync } from 'node:fs';
import { ticksOf } from '../../platform/file-times.js';
import { goneError } from '../../platform/look-again.js';
import { readBytes } from '../../platform/read-bytes.js';
import { type OpenRule, openStored } from '../../store/open-stored.js';

/** A file as it was read. */
export interface StableFile {
  /** Its content, good until the next file is read. */
  readonly data: Buffer;
  readonly mtimeTicks: bigint;
  readonly mode: number;
  /** False when the file changed during both readings: the bytes are those of the second. */
  readonly isSettled: boolean;
}

/** Gives memory for a file of some size, and a byte more. */
export type RoomFor = (bytes: number) => Buffer;

const WIDE = { bigint: true } as const;

/**
 * Reads a file that may change meanwhile: once more when its size or times moved during the first reading.
 * Files above `largestBytes` are left alone.
 * @throws {Error} the operating system's; ENOENT where the file vanished
 */
export function readStable(
  path: string,
  roomFor: RoomFor,
  largestBytes: number,
  rule: OpenRule = {},
): StableFile | 'large' {
  const fd = openStored(path, rule);
  try {
    const first = readOnce(fd, roomFor, largestBytes);
    if (first === 'large' || first.isSettled) return first;
  } finally {
    closeSync(fd);
  }

  // Opened anew: the server may have replaced the file by a rename.
  const again = openStored(path, rule);
  try {
    return readOnce(again, roomFor, largestBytes);
  } finally {
    closeSync(again);
  }
}

function readOnce(
  fd: number,
  roomFor: RoomFor,
  largestBytes: number,
): StableFile | 'large' {
  const before = fstatSync(fd, WIDE);
  refuseOther(before);

  const expected = Number(before.size);
  if (expected > largestBytes) return 'large';

  const into = roomFor(expected);
  let readCount = 0;
  // One byte more than expected: a short answer is the end of the file, without another call.
  while (readCount <= expected) {
    const read = readBytes(fd, into, readCount, expected + 1 - readCount);
    readCount += read;
    if (read === 0 || readCount === expected) break;
  }

  const after = fstatSync(fd, WIDE);

  return {
    data: contentIn(into, Math.min(readCount, largestBytes), expected),
    mtimeTicks: ticksOf(after),
    mode: Number(after.mode),
    isSettled:
      readCount === expected &&
      after.mtimeNs === before.mtimeNs &&
      after.size === before.size,
  };
}

/** What was read, in memory of its own where the file did not have the size for which the room is. */
function contentIn(room: Buffer, bytes: number, expected: number): Buffer {
  const content = room.subarray(0, bytes);

  return bytes === expected ? content : Buffer.from(content);
}

/** @throws {Error} ENOENT where the file has become a directory, which is listed by itself */
export function refuseOther({ mode }: Pick<BigIntStats, 'mode'>): void {
  // Asked for each file: the stats' own methods make several BigInts.
  const type = Number(mode) & constants.S_IFMT;

  if (type === constants.S_IFDIR) throw goneError('it became a directory');
  if (type !== constants.S_IFREG) {
    throw new Error('not a regular file any more');
  }
}

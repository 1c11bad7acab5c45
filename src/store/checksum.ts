import { closeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { errnoOf } from '../errors.js';
import { readBytes } from '../platform/read-bytes.js';
import type { Turns } from '../platform/turns.js';
import { type OpenRule, openStored } from './open-stored.js';

/** The CRC-32 of files of the live store. */

const buffer = Buffer.allocUnsafeSlow(1 << 20);

/** The CRC-32 of a file's content; 0 for a file that cannot be read: it is packed, and reported there. */
export function checksumFile(path: string, rule: OpenRule): number {
  try {
    const fd = openStored(path, rule);
    try {
      let crc = 0;
      for (let part = readPart(fd); part.length > 0; part = readPart(fd)) {
        crc = crc32(part, crc);
      }

      return crc;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return 0;
  }
}

/** The same in turns, for the main thread. @throws {Error} the operating system's, where the file is gone or cannot be read */
export async function checksumStored(
  path: string,
  rule: OpenRule,
  turns: Turns,
): Promise<number> {
  const fd = openStored(path, rule);
  try {
    let crc = 0;
    for (let part = readPart(fd); part.length > 0; part = readPart(fd)) {
      crc = crc32(part, crc);
      await turns.pass();
    }

    return crc;
  } finally {
    closeSync(fd);
  }
}

function readPart(fd: number): Buffer {
  return buffer.subarray(0, readBytes(fd, buffer, 0, buffer.length));
}

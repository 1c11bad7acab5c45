import { closeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { type OpenRule, openStored } from '../archive/write/stable-read.js';
import { errnoOf } from '../errors.js';
import { readBytes } from '../platform/read-bytes.js';

const buffer = Buffer.allocUnsafeSlow(1 << 20);

/** The CRC-32 of a file's content; 0 for a file that cannot be read: it is packed, and reported there. */
export function checksumFile(path: string, rule: OpenRule): number {
  try {
    const fd = openStored(path, rule);
    try {
      let crc = 0;
      for (
        let read = readBytes(fd, buffer, 0, buffer.length);
        read > 0;
        read = readBytes(fd, buffer, 0, buffer.length)
      ) {
        crc = crc32(buffer.subarray(0, read), crc);
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

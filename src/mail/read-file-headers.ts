import { readBytes } from '../platform/read-bytes.js';
import {
  HEADER_LIMIT_BYTES,
  holdsAllHeaders,
  type MessageHeaders,
  readMessageHeaders,
} from './message-headers.js';

/** The headers of a message that is a file of its own. */

/** As much of a message as holds the headers of nearly every mail. */
const FIRST_LOOK_BYTES = 16 << 10;

const buffer = Buffer.allocUnsafeSlow(HEADER_LIMIT_BYTES);

/** Reads the headers of an open file, from its start, and no more of it than they need. @throws {Error} the system's */
export function readFileHeaders(fd: number): MessageHeaders {
  let length = readBytes(fd, buffer, 0, FIRST_LOOK_BYTES, 0);

  if (
    length === FIRST_LOOK_BYTES &&
    !holdsAllHeaders(buffer.subarray(0, length))
  ) {
    length += readBytes(fd, buffer, length, buffer.length - length, length);
  }

  return readMessageHeaders(buffer.subarray(0, length));
}

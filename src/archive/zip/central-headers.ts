import { DamagedArchiveError } from '../../errors.js';
import { formatSize } from '../../platform/units.js';
import type { RandomAccessSource } from './source.js';
import {
  CENTRAL,
  CENTRAL_FIXED_BYTES,
  CENTRAL_SIGNATURE,
  MAX_CENTRAL_DIRECTORY_BYTES,
} from './zip-format.js';

/** The place of a central directory in its volume. */
export interface CentralDirectoryPlace {
  readonly offset: number;
  readonly length: number;
}

/** One central header among other bytes. */
export interface HeaderBytes {
  readonly bytes: Buffer;
  readonly at: number;
  /** With its name, extra fields and comment. */
  readonly length: number;
}

/** Holds more than the longest header: 46 bytes and three fields of 65,535. */
const WINDOW_BYTES = 1 << 20;

/** The length of the central header at `at` (APPNOTE 4.3.12). */
export function centralHeaderLength(central: Buffer, at: number): number {
  return (
    CENTRAL_FIXED_BYTES +
    central.readUInt16LE(at + CENTRAL.nameLength) +
    central.readUInt16LE(at + CENTRAL.extraLength) +
    central.readUInt16LE(at + CENTRAL.commentLength)
  );
}

/** The headers of a directory from its start to its end, or to the first that is none, some thousand at a time. */
export async function* centralHeaderWindows(
  source: RandomAccessSource,
  { offset, length }: CentralDirectoryPlace,
): AsyncGenerator<readonly HeaderBytes[]> {
  for (let start = 0; start < length;) {
    const bytes = await source.read(
      offset + start,
      Math.min(WINDOW_BYTES, length - start),
    );

    const headers = [...headersIn(bytes)];
    const last = headers.at(-1);
    if (!last) return;

    yield headers;
    start += last.at + last.length;
  }
}

/** The whole headers at the front of these bytes. */
function* headersIn(bytes: Buffer): Generator<HeaderBytes> {
  let at = 0;
  while (
    at + CENTRAL_FIXED_BYTES <= bytes.length &&
    bytes.readUInt32LE(at) === CENTRAL_SIGNATURE
  ) {
    const length = centralHeaderLength(bytes, at);
    if (at + length > bytes.length) return;

    yield { bytes, at, length };
    at += length;
  }
}

/** @throws {DamagedArchiveError} for a directory that is longer than any that is read */
export function refuseLongCentralDirectory(
  volume: string,
  bytes: number,
): void {
  if (bytes <= MAX_CENTRAL_DIRECTORY_BYTES) return;

  const limit = formatSize(MAX_CENTRAL_DIRECTORY_BYTES);

  throw new DamagedArchiveError(
    `${volume}: its central directory claims ${bytes} bytes (${formatSize(bytes)}); at most ${limit} are read`,
    {
      hints: [
        'The archive is damaged or was made to do harm: use another one.',
      ],
    },
  );
}

import { closeSync, fstatSync, openSync } from 'node:fs';
import { readBytes, readBytesAside } from '../../platform/read-bytes.js';
import { withPath } from '../../platform/system-error.js';

/** Where the bytes of a volume are read from. Today a file; anything that can answer a range can stand in. */
export interface RandomAccessSource {
  /** For messages: the volume's file name. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Exactly `length` bytes from `offset`. @throws {Error} when the source ends before or cannot be read */
  read(offset: number, length: number): Promise<Buffer>;
  close(): void;
}

/** Reads a range of a file, exactly. @throws {Error} `the file ends at byte N` when it is shorter */
export function readRange(
  fd: number,
  into: Buffer,
  offset: number,
  length: number,
): void {
  for (let got = 0; got < length;) {
    const count = readBytes(fd, into, got, length - got, offset + got);
    if (count === 0) throw endsEarly(offset + got, offset + length);

    got += count;
  }
}

function endsEarly(atByte: number, expectedBytes: number): Error {
  return new Error(
    `the file ends at byte ${atByte}, ${expectedBytes} were expected`,
  );
}

/**
 * Whether the operating system refused to open or read something: a disk, a share, rights or a limit, and perhaps only this
 * once. It says nothing about what the archive holds: that is no damage.
 */
export function isReadFailure(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error &&
    'syscall' in error &&
    typeof error.syscall === 'string'
  );
}

/** A source over a local file; the caller closes it. */
export function openFileSource(path: string, name: string): RandomAccessSource {
  const fd = openSync(path, 'r');
  const { size: sizeBytes } = fstatSync(fd);

  return {
    name,
    sizeBytes,
    // Outside of this thread: the directories of the next volumes are read while one is parsed.
    async read(offset, length) {
      const bytes = Buffer.allocUnsafeSlow(length);
      for (let got = 0; got < length;) {
        const count = await readBytesAside(
          fd,
          bytes,
          got,
          length - got,
          offset + got,
        ).catch((error: unknown) => {
          throw withPath(error, path);
        });

        if (count === 0) throw endsEarly(offset + got, offset + length);

        got += count;
      }

      return bytes;
    },
    close: () => {
      closeSync(fd);
    },
  };
}

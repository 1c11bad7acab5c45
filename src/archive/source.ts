import { closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';

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
export function readRange(fd: number, into: Buffer, offset: number, length: number): void {
  for (let got = 0; got < length;) {
    const count = readSync(fd, into, got, length - got, offset + got);
    if (count === 0) throw endsEarly(offset + got, offset + length);
    got += count;
  }
}

function endsEarly(atByte: number, expectedBytes: number): Error {
  return new Error(`the file ends at byte ${atByte}, ${expectedBytes} were expected`);
}

const readAsync = promisify(read);

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
        const { bytesRead } = await readAsync(fd, bytes, got, length - got, offset + got);
        if (bytesRead === 0) throw endsEarly(offset + got, offset + length);
        got += bytesRead;
      }
      return bytes;
    },
    close: () => {
      closeSync(fd);
    },
  };
}

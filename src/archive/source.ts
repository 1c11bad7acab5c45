import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

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
    const read = readSync(fd, into, got, length - got, offset + got);
    if (read === 0) throw new Error(`the file ends at byte ${offset + got}, ${offset + length} were expected`);
    got += read;
  }
}

/** A source over a local file; the caller closes it. */
export function openFileSource(path: string, name: string): RandomAccessSource {
  const fd = openSync(path, 'r');
  const { size: sizeBytes } = fstatSync(fd);
  return {
    name,
    sizeBytes,
    read(offset, length) {
      const bytes = Buffer.allocUnsafeSlow(length);
      readRange(fd, bytes, offset, length);
      return Promise.resolve(bytes);
    },
    close: () => {
      closeSync(fd);
    },
  };
}

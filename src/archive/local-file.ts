/** One file of a directory, as a storage opens it: to be read from anywhere, or while it is written. */
import {
  close,
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { writeFully } from '../platform/atomic-file.js';
import { largeBuffer } from '../platform/large-buffer.js';
import { forgo } from '../platform/optional-calls.js';
import { readBytes, readBytesAside } from '../platform/read-bytes.js';
import { naming, withPath } from '../platform/system-error.js';
import type { StorageWriter } from './storage.js';
import { endsEarly, type RandomAccessSource } from './zip/source.js';

const syncFile = promisify(fsync);
const closeFile = promisify(close);

/** @param name what messages call the file */
export function openLocalFile(path: string, name: string): RandomAccessSource {
  const fd = openSync(path, 'r');
  const { size: sizeBytes } = fstatSync(fd);

  return {
    name,
    sizeBytes,
    read: (offset, length) => readAside(fd, path, offset, length),
    readInto: (into, offset) => {
      naming(path, () => {
        readHere(fd, into, offset);
      });
    },
    close: () => {
      closeSync(fd);
    },
  };
}

/** Outside of this thread: the directories of the next volumes are read while one is parsed. */
async function readAside(
  fd: number,
  path: string,
  offset: number,
  length: number,
): Promise<Buffer> {
  const bytes = largeBuffer(length);
  await fillAside({ fd, path }, bytes, offset);

  return bytes;
}

/** Reads as many bytes as there is memory for, outside of this thread. @throws {Error} where the file ends before */
export async function fillAside(
  { fd, path }: { readonly fd: number; readonly path: string },
  into: Uint8Array,
  offset: number,
): Promise<void> {
  const { length } = into;

  for (let done = 0; done < length;) {
    const count = await readBytesAside(
      fd,
      into,
      done,
      length - done,
      offset + done,
    ).catch((error: unknown) => {
      throw withPath(error, path);
    });

    if (count === 0) throw endsEarly(offset + done, offset + length);

    done += count;
  }
}

function readHere(fd: number, into: Uint8Array, offset: number): void {
  const { length } = into;

  for (let done = 0; done < length;) {
    const count = readBytes(fd, into, done, length - done, offset + done);
    if (count === 0) throw endsEarly(offset + done, offset + length);

    done += count;
  }
}

/** A file that did not exist; an abort leaves as much of it as was written. */
export class LocalWriter implements StorageWriter {
  #fd: number;
  #isFlushing = false;

  constructor(private readonly path: string) {
    this.#fd = openSync(path, 'wx', 0o600);
  }

  write(bytes: Uint8Array, position: number): void {
    naming(this.path, () => {
      writeFully(this.#fd, bytes, position);
    });
  }

  truncate(lengthBytes: number): void {
    if (this.#fd < 0) this.#fd = openSync(this.path, 'r+');

    naming(this.path, () => {
      ftruncateSync(this.#fd, lengthBytes);
    });
  }

  flush(): boolean {
    if (this.#isFlushing) return false;

    this.#isFlushing = true;
    // A failure is not lost: the file's last sync reports what could not be written.
    fdatasync(this.#fd, () => {
      this.#isFlushing = false;
    });

    return true;
  }

  async close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = -1;

    try {
      await syncFile(fd).catch((error: unknown) => {
        forgo('sync-file', this.path, withPath(error, this.path));
      });
    } finally {
      await closeFile(fd);
    }
  }

  abandon(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

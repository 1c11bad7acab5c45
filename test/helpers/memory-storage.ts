import { LockedError } from '../../src/errors.js';
import type { OwnFile } from '../../src/platform/own-file.js';
import type {
  Storage,
  StorageFeatures,
  StorageLock,
  StorageWriter,
  StoredFile,
} from '../../src/archive/storage.js';
import {
  endsEarly,
  type RandomAccessSource,
} from '../../src/archive/zip/source.js';

/** What a disk does when it fails: asked before every call; throws what the call is to fail with. */
export type Fault = (call: string, name: string) => void;

const ALL_FEATURES: StorageFeatures = {
  renames: true,
  truncates: true,
  syncs: false,
  rangesAtOnce: true,
};

let count = 0;

const nextName = (): string => `memory ${String(++count)}`;

interface MemoryFile {
  bytes: Buffer;
  mtimeMs: number;
}

/** A storage in memory: a second one besides the directory of a disk, with the same contract. */
export class MemoryStorage implements Storage {
  readonly files = new Map<string, MemoryFile>();
  readonly identity = nextName();
  readonly name = this.identity;
  readonly place = undefined;
  readonly localDirectory = undefined;
  readonly lock: StorageLock = new MemoryLock(this.name);
  #clockMs = Date.UTC(2026, 0, 1);

  constructor(
    readonly features: StorageFeatures = ALL_FEATURES,
    private readonly fault: Fault = () => undefined,
  ) {}

  pathOf(name: string): string {
    return `${this.name}/${name}`;
  }

  list(isWanted: (name: string) => boolean): Promise<StoredFile[]> {
    return this.#answer('list', '', () => {
      return [...this.files]
        .filter(([name]) => isWanted(name))
        .map(([name, file]) => toStored(name, file));
    });
  }

  stat(name: string): Promise<StoredFile | undefined> {
    return this.#answer('stat', name, () => {
      const file = this.files.get(name);
      return file && toStored(name, file);
    });
  }

  openForRanges(name: string, shownAs = name): Promise<RandomAccessSource> {
    return this.#answer('open', name, () => {
      const { bytes } = this.#find(name);
      return this.#sourceOf(name, shownAs, bytes);
    });
  }

  openAtOnce(name: string, shownAs = name): RandomAccessSource {
    this.fault('open', name);
    const { bytes } = this.#find(name);

    return this.#sourceOf(name, shownAs, bytes);
  }

  create(name: string): StorageWriter {
    this.fault('create', name);
    if (this.files.has(name)) throw systemError('EEXIST', 'open', name);

    const file = { bytes: Buffer.alloc(0), mtimeMs: this.#tick() };
    this.files.set(name, file);

    return {
      write: (bytes, position) => {
        this.fault('write', name);
        const length = Math.max(file.bytes.length, position + bytes.length);
        const grown = Buffer.alloc(length);
        grown.set(file.bytes);
        grown.set(bytes, position);
        file.bytes = grown;
      },
      truncate: (lengthBytes) => {
        this.fault('truncate', name);
        file.bytes = file.bytes.subarray(0, lengthBytes);
      },
      flush: () => true,
      close: () => this.#answer('close', name, () => undefined),
      abandon: () => undefined,
    };
  }

  publish(
    name: string,
    finalName: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return this.#answer('publish', name, () => {
      signal?.throwIfAborted();
      const file = this.#find(name);
      this.files.delete(name);
      this.files.set(finalName, file);
    });
  }

  remove(name: string): Promise<void> {
    return this.#answer('remove', name, () => {
      this.files.delete(name);
    });
  }

  sync(): Promise<void> {
    return this.#answer('sync', '', () => undefined);
  }

  readRecord<T>(
    name: string,
    parse: (json: unknown) => T | undefined,
  ): Promise<OwnFile<T>> {
    return this.#answer('read record', name, (): OwnFile<T> => {
      const text = this.files.get(name)?.bytes.toString();
      if (text === undefined) return { state: 'absent' };
      if (text === '') return { state: 'junk', fact: 'is empty' };

      const value = parse(JSON.parse(text));

      return value === undefined
        ? { state: 'junk', fact: 'says nothing usable' }
        : { state: 'sound', value };
    });
  }

  replaceRecord(name: string, text: string): Promise<void> {
    return this.#answer('replace record', name, () => {
      const file = { bytes: Buffer.from(text), mtimeMs: this.#tick() };
      this.files.set(name, file);
    });
  }

  freeSpace(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  standing(): ReturnType<Storage['standing']> {
    return Promise.resolve({
      state: 'there',
      canBeMade: false,
      canBeListed: true,
      canBeRead: true,
      writeFault: undefined,
    });
  }

  #sourceOf(name: string, shownAs: string, bytes: Buffer): RandomAccessSource {
    const range = (offset: number, length: number): Buffer => {
      this.fault('read', name);
      if (offset + length > bytes.length) {
        throw endsEarly(bytes.length, offset + length);
      }

      return Buffer.from(bytes.subarray(offset, offset + length));
    };

    return {
      name: shownAs,
      sizeBytes: bytes.length,
      read: (offset, length) =>
        new Promise((answer) => {
          answer(range(offset, length));
        }),
      readInto: (into, offset) => {
        into.set(range(offset, into.length));
      },
      close: () => undefined,
    };
  }

  #find(name: string): MemoryFile {
    const file = this.files.get(name);
    if (!file) throw systemError('ENOENT', 'open', name);

    return file;
  }

  #answer<T>(call: string, name: string, work: () => T): Promise<T> {
    return new Promise((answer) => {
      this.fault(call, name);
      answer(work());
    });
  }

  #tick(): number {
    return this.#clockMs++;
  }
}

class MemoryLock implements StorageLock {
  #holder: string | undefined;

  constructor(private readonly name: string) {}

  take({ command }: { command: string }): ReturnType<StorageLock['take']> {
    return new Promise((answer) => {
      this.refuseWhileHeld();
      this.#holder = command;
      answer({
        release: () => {
          this.#holder = undefined;
        },
      });
    });
  }

  sight(): ReturnType<StorageLock['sight']> {
    return this.#holder === undefined
      ? undefined
      : {
          fact: this.#holder,
          advice: '',
          isSuspicious: false,
          isJunk: false,
          since: undefined,
        };
  }

  refuseWhileHeld(): void {
    if (this.#holder !== undefined) {
      throw new LockedError(`${this.name} is locked by ${this.#holder}`);
    }
  }
}

/** An error as the operating system has it. */
export function systemError(
  code: string,
  syscall: string,
  name: string,
): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${syscall} '${name}'`), {
    code,
    syscall,
  });
}

function toStored(name: string, { bytes, mtimeMs }: MemoryFile): StoredFile {
  return { name, kind: 'file', sizeBytes: bytes.length, mtimeMs };
}

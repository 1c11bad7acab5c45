/** The source that the bytes of a volume are read from. */

/** The bytes of one volume, read from anywhere in it. */
export interface RandomAccessSource {
  /** For messages: the volume's file name. */
  readonly name: string;
  readonly sizeBytes: number;
  /**
   * Exactly `length` bytes from `offset`, read outside of this thread.
   * @throws {Error} `the file ends at byte N` when it is shorter, or when it cannot be read
   */
  read(offset: number, length: number): Promise<Buffer>;
  /** Fills `into` from `offset` on, in this thread. @throws {Error} as `read` does */
  readInto(into: Uint8Array, offset: number): void;
  /** Fetches a range of a few MiB that is read at once after it, and never fails. Missing where nothing has to be waited for. */
  hold?(offset: number, length: number): Promise<void>;
  close(): void;
}

/** The error of a source that is shorter than what is read of it. */
export function endsEarly(atByte: number, expectedBytes: number): Error {
  return new Error(
    `the file ends at byte ${atByte}, ${expectedBytes} were expected`,
  );
}

/**
 * Says whether the operating system refused to open or read something: a disk, a share, rights or a limit, and perhaps only this
 * once. It says nothing about what the archive holds: that is no damage.
 */
export function isReadFailure(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error &&
    'syscall' in error &&
    typeof error.syscall === 'string'
  );
}

/** Asking for size, time and mode of a directory's files, in worker threads. */

export interface StatTask {
  /** Absolute. */
  readonly directory: string;
  readonly names: readonly string[];
  /** Also read the files and take their CRC-32. */
  readonly withCrc: boolean;
}

/** Columns in the order of the names; a size of -1 is a file that vanished or cannot be examined. */
export interface StatResult {
  readonly sizes: Float64Array;
  /** Nanoseconds since 1970-01-01 UTC. */
  readonly mtimes: BigInt64Array;
  readonly modes: Uint16Array;
  /** Empty without `withCrc`. */
  readonly crcs: Uint32Array;
}

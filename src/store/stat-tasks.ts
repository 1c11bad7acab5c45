import type { ListedDirectory } from './list-directory.js';
import type { NameList } from './name-list.js';

/** Asking for size, time and mode of files, in worker threads. */

export interface StatTask {
  /** Directories, and names in them. */
  readonly directories: readonly (ListedDirectory & {
    readonly names: readonly string[];
  })[];
  /** Also read the files and take their CRC-32. */
  readonly withCrc: boolean;
}

/** The same with the names as a listing keeps them: a text is sent in a fraction of the time. */
export interface ListedStatTask extends Pick<StatTask, 'withCrc'> {
  readonly directories: readonly (ListedDirectory & {
    readonly files: NameList;
  })[];
}

/** The size of a file that vanished since it was listed. */
export const VANISHED = -1;
/** The size of a file that is there and cannot be examined. */
export const UNKNOWN = -2;

/** Columns in the order of the names, directory after directory. */
export interface StatResult {
  /** Bytes, `VANISHED` or `UNKNOWN`. */
  readonly sizes: Float64Array;
  /** Ticks of 100 ns since 1970-01-01 UTC. */
  readonly mtimes: BigInt64Array;
  readonly modes: Uint16Array;
  /** Empty without `withCrc`. */
  readonly crcs: Uint32Array;
}

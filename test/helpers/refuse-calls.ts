import { libraryOf } from './preloaded-library.js';
import { BINARY, QUIET_ENVIRONMENT, runTool, type Ended } from './tools.js';

/** Whether calls of all threads of a child, below a directory, can be refused here: the library for it can be made. */
export const canRefuse = libraryOf('refuse-calls') !== undefined;

export interface Refusal {
  /** `write`, or several with commas between them. */
  readonly call: string;
  /** What lies here or below. */
  readonly below: string;
  /** The error's number: 122 is EDQUOT. */
  readonly errno: number;
  /** The first call that fails, counted from 1. */
  readonly first?: number;
  /** How many fail; default: all from the first on. */
  readonly times?: number;
  /** Only reads that touch one of these ranges of a file, each with its last byte: a disk's bad sectors. */
  readonly bytes?: readonly (readonly [number, number])[];
}

/** Runs `kms-backup` while the operating system refuses a call. */
export function kmsRefused(
  args: readonly string[],
  { call, below, errno, first = 1, times, bytes = [] }: Refusal,
): Ended {
  const env = {
    ...QUIET_ENVIRONMENT,
    LD_PRELOAD: libraryOf('refuse-calls') ?? '',
    REFUSE_CALL: call,
    REFUSE_BELOW: below,
    REFUSE_ERRNO: String(errno),
    REFUSE_FIRST: String(first),
    REFUSE_BYTES: bytes.map((range) => range.join('-')).join(),
    REFUSE_TIMES: times === undefined ? '' : String(times),
  };
  return runTool(process.execPath, [BINARY, ...args], { env });
}

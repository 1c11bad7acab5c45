import { ExitCode, KmsError } from '../errors.js';

/** What an error of an object store says beside its message. */
export interface StoreFault {
  /** The server's code (`AccessDenied`, `NoSuchKey`), or ours where it did not answer in its own words (`Unreachable`, `BadAnswer`). */
  readonly reason: string;
  /** Of HTTP; 0 where there was no answer. */
  readonly status: number;
  /** An earlier try of the same call got no answer: it may have been carried out. */
  readonly mayBeDone?: boolean;
  readonly hints?: readonly string[];
  readonly cause?: unknown;
}

/** An object store refused a call, could not be reached, or answered what cannot be believed (exit 10 or 1). */
export class ObjectStoreError extends KmsError {
  readonly reason: string;
  readonly status: number;
  readonly mayBeDone: boolean;

  /** @param message names the object or the store; it holds no secret */
  constructor(message: string, fault: StoreFault) {
    const isMissing = MISSING.has(fault.reason);

    super(
      isMissing ? 'NOT_FOUND' : 'FAILED',
      isMissing ? ExitCode.notFound : ExitCode.failed,
      message,
      fault,
    );
    this.reason = fault.reason;
    this.status = fault.status;
    this.mayBeDone = fault.mayBeDone ?? false;
  }
}

const MISSING: ReadonlySet<string> = new Set(['NoSuchKey', 'NoSuchBucket']);

/** Says whether an object store answered with this code. */
export function isRefusal(
  error: unknown,
  ...reasons: readonly string[]
): error is ObjectStoreError {
  return error instanceof ObjectStoreError && reasons.includes(error.reason);
}

import { ExitCode, KmsError } from '../errors.js';

/** Nobody answers, or what comes is no answer (exit 1): another try may have one. */
export class AdminUnreachableError extends KmsError {
  constructor(message: string, cause?: unknown) {
    super('API_UNREACHABLE', ExitCode.failed, message, {
      cause,
      hints: [
        'Check that the mail server runs, and [api] url of kms-backup.ini: its administration is https, on port 4040.',
      ],
    });
  }
}

/** The server refused what it was asked for (exit 1). */
export class AdminRefusedError extends KmsError {
  /** @param rpcCode as the server numbers it: 1004; undefined where it named none */
  constructor(
    message: string,
    readonly rpcCode: number | undefined,
    hints: readonly string[] = [],
  ) {
    super('API_REFUSED', ExitCode.failed, message, { hints });
  }
}

/** The server has ended the session (exit 1). */
export class SessionOverError extends KmsError {
  constructor(message: string) {
    super('API_SESSION_OVER', ExitCode.failed, message, {
      hints: ['Call it again.'],
    });
  }
}

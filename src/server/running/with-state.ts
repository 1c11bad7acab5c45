import { InterruptedError, KmsError } from '../../errors.js';

/** The same error, with what became of the running server meanwhile. */
export function withState(error: unknown, state: string): unknown {
  if (!(error instanceof KmsError)) return error;
  if (error instanceof InterruptedError) return error.keeping(state);

  const { code, exitCode, message, hints } = error;

  return new KmsError(code, exitCode, `${message}; ${state}`, {
    hints,
    cause: error,
  });
}

import { errnoOf, type ExitCode, type InterruptedError } from '../errors.js';
import { outputError, STANDARD_OUTPUT } from '../platform/output-file.js';

/** Prints a line to standard output. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * Runs what prints lines until somebody stops it: a person (Ctrl+C), or the reader of a pipe that has ended.
 * @returns the exit code of the signal; undefined where the reader had enough
 * @throws {KmsError} when standard output cannot be written
 */
export async function printUntilStopped(
  print: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<ExitCode | undefined> {
  const output = new AbortController();
  const onError = (error: Error): void => {
    output.abort(error);
  };

  process.stdout.on('error', onError);
  await print(AbortSignal.any([signal, output.signal]));
  process.stdout.off('error', onError);

  const fault: unknown = output.signal.reason;
  if (fault === undefined) return (signal.reason as InterruptedError).exitCode;
  if (errnoOf(fault) === 'EPIPE') return undefined;

  throw outputError(STANDARD_OUTPUT, fault);
}

import { errnoOf, ExitCode } from '../errors.js';
import { outputError, STANDARD_OUTPUT } from '../platform/output-file.js';
import { presentError } from './present/error.js';

/**
 * Says what happens when nobody takes what is printed. Call it once, before any command runs.
 *
 * - Standard error is gone or full: the work goes on, and the exit code is what it would have been. A backup must not end
 *   because nobody looks at it any more.
 * - Standard output is a pipe whose reader has ended (`| head -1`): the reader had enough; no word, the same exit code.
 * - Standard output cannot be written (a full disk): an error on stderr, and no exit code 0.
 */
export function guardStandardStreams(): void {
  process.stderr.on('error', () => undefined);
  // oclif's own listener throws where nobody catches it.
  process.stdout.removeAllListeners('error');

  let lost: unknown;
  process.stdout.on('error', (error) => {
    // An export to standard output listens too, and ends with its own error.
    if (
      errnoOf(error) === 'EPIPE' ||
      process.stdout.listenerCount('error') > 1
    ) {
      return;
    }

    lost ??= error;
  });
  process.on('exit', () => {
    if (lost === undefined) return;
    const exitCode = presentError(outputError(STANDARD_OUTPUT, lost), false);
    if ((process.exitCode ?? ExitCode.done) === ExitCode.done) {
      process.exitCode = exitCode;
    }
  });
}

import { ExitCode, KmsError, messageOf } from '../../errors.js';
import { toKnownError } from '../../platform/system-error.js';
import { document, printedDocument } from '../document.js';
import { paint } from '../tones.js';

/** Prints an error in the documented form and returns its exit code. */
export function presentError(error: unknown, asJson: boolean): ExitCode {
  const { exitCode, ...told } = toldError(error);

  if (asJson) {
    const json = printedDocument(document('error', { error: told }), exitCode);
    writeOut(`${JSON.stringify(json)}\n`);
  } else {
    process.stderr.write(`${formatError(told)}\n`);
  }

  if (process.env['DEBUG'] && error instanceof Error) {
    process.stderr.write(`${error.stack ?? ''}\n`);
  }

  return exitCode;
}

/** The text and the document of an error. */
interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly hints: readonly string[];
}

/** The exit code of an error, and what is told about it. */
export /** What is told of an error, and the exit code that it gives. */
function toldError(error: unknown): ToldError & { exitCode: ExitCode } {
  const known = toKmsError(error);
  if (known) {
    const { exitCode, code, hints } = known;
    return { exitCode, code, message: messageOf(known), hints };
  }

  return {
    exitCode: ExitCode.failed,
    code: 'UNEXPECTED',
    message: messageOf(error),
    hints: [
      'This is a defect of kms-backup: please report it with the output of DEBUG=1.',
    ],
  };
}

function formatError({ code, message, hints }: ToldError): string {
  const label = paint('damage', 'Error:', process.stderr);
  const lines = [`${label} ${message}`, `Code: ${code}`];
  if (hints.length > 0) {
    lines.push('Try this:', ...hints.map((hint) => `  * ${hint}`));
  }

  return lines.join('\n');
}

/** Returns a foreseen error, and an error of the flag parser as wrong usage; undefined for a defect. */
function toKmsError(error: unknown): KmsError | undefined {
  const known = toKnownError(error);
  if (known) return known;
  if (!(error instanceof Error)) return undefined;

  const isParserError =
    'parse' in error ||
    ('oclif' in error && error.constructor.name !== 'ExitError');
  if (!isParserError) return undefined;

  error.message = (
    error.message.split('\nSee more help')[0] ?? error.message
  ).trim();

  return new KmsError('USAGE', ExitCode.usage, error.message, {
    hints: ['See --help for the flags and arguments.'],
  });
}

/** Says whether the command line or the environment asks for JSON, also where the flags cannot be parsed. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const before = end === -1 ? argv : argv.slice(0, end);
  return (
    before.includes('--json') ||
    ['1', 'true'].includes(process.env['KMS_BACKUP_JSON'] ?? '')
  );
}

/** All of it, also into a pipe that is slow: the process ends by itself when stdout is drained. */
export function writeOut(text: string): void {
  process.stdout.write(text);
}

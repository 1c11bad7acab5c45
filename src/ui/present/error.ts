import { ExitCode, KmsError, messageOf } from '../../errors.js';
import { toKnownError } from '../../platform/system-error.js';

/** Prints an error in the documented form and returns its exit code. */
export function presentError(error: unknown, asJson: boolean): ExitCode {
  const known = toKmsError(error);
  const message = messageOf(known ?? error);
  const exitCode = known?.exitCode ?? ExitCode.failed;
  const code = known?.code ?? 'UNEXPECTED';
  const hints = known?.hints ?? [
    'This is a defect of kms-backup: please report it with the output of DEBUG=1.',
  ];

  if (asJson) {
    const document = {
      schema: 'kms-backup/error/1',
      exitCode,
      error: { code, message, hints },
    };

    writeOut(`${JSON.stringify(document)}\n`);
  } else {
    const lines = [`Error: ${message}`, `Code: ${code}`];
    if (hints.length > 0) {
      lines.push('Try this:', ...hints.map((hint) => `  * ${hint}`));
    }

    process.stderr.write(`${lines.join('\n')}\n`);
  }

  if (process.env['DEBUG'] && error instanceof Error) {
    process.stderr.write(`${error.stack ?? ''}\n`);
  }

  return exitCode;
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

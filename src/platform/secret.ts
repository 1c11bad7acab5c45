import { readFileSync, statSync } from 'node:fs';
import { ConfigurationError } from '../errors.js';
import { refuseTooLarge } from './settings-file.js';
import { toUnreadableSettings } from './system-error.js';

/** The places of a password: a variable of the environment, then a file. */
export interface SecretSource {
  /** The use of the password, for messages: `the SMTP login`. */
  readonly what: string;
  /** `KMS_BACKUP_SMTP_PASSWORD`. */
  readonly variable: string;
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Returns a password; undefined where neither the environment nor a file has one. A line end after it is left out.
 * @throws {ConfigurationError} when the file cannot be read, is empty, or other users of the machine may read it
 */
export function readSecret({
  what,
  variable,
  file,
  env,
}: SecretSource): string | undefined {
  const password = env[variable];
  if (password !== undefined && password !== '') return password;
  if (file === undefined) return undefined;

  const secret = readSecretFile(what, file).replace(/\r?\n$/, '');
  if (secret === '') {
    throw new ConfigurationError(
      `the password file of ${what} is empty: ${file}`,
    );
  }

  return secret;
}

function readSecretFile(what: string, file: string): string {
  try {
    const stats = statSync(file);
    const { mode } = stats;
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw openToOthers(what, file, mode);
    }

    refuseTooLarge(file, stats);

    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;

    const hints = [
      'Create it with the password alone in it, readable by the user that runs the backup.',
    ];

    throw toUnreadableSettings(
      error,
      `cannot read the password file of ${what}`,
      hints,
    );
  }
}

function openToOthers(
  what: string,
  file: string,
  mode: number,
): ConfigurationError {
  const octal = (mode & 0o777).toString(8);
  return new ConfigurationError(
    `the password file of ${what} can be read by other users: ${file} has mode ${octal}`,
    {
      hints: [`Take their rights away: chmod 600 "${file}".`],
    },
  );
}

/** Replaces every secret in a text by `***`, in plain form and in base64, as SMTP's login sends them. */
export function maskSecrets(
  text: string,
  secrets: readonly (string | undefined)[],
): string {
  let masked = text;
  for (const secret of secrets) {
    if (secret === undefined || secret === '') continue;

    masked = masked
      .replaceAll(secret, '***')
      .replaceAll(Buffer.from(secret).toString('base64'), '***');
  }

  return masked;
}

/** The passphrase in a file that only its owner can read. */
import { readSecret } from '../platform/secret.js';
import { ConfigurationError } from '../errors.js';

/** By file: all volumes of an archive have the same, whatever becomes of the file. */
const known = new Map<string, string>();

/**
 * The passphrase in a file; a line end behind it does not belong to it.
 * @param file absolute
 * @throws {ConfigurationError} where it cannot be read or is empty, or other users of the machine may read it
 */
export function passphraseIn(file: string): string {
  const passphrase = known.get(file) ?? readPassphrase(file);
  known.set(file, passphrase);

  return passphrase;
}

/** Forgets what was read, for another command of this process. */
export function forgetPassphrases(): void {
  known.clear();
}

function readPassphrase(file: string): string {
  const what = 'sealed archives';
  const passphrase = readSecret({ what, variable: '', file, env: {} });
  if (passphrase !== undefined) return passphrase;

  throw new ConfigurationError(`there is no passphrase in ${file}`);
}

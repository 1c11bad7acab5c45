import { type Recipients, wrapFileKey } from './age-headers.js';
import { passphraseIn } from './passphrase-file.js';

/** @throws {ConfigurationError} where a recipient is none, or a passphrase cannot be read: nothing could be sealed */
export async function checkRecipients(recipients: Recipients): Promise<void> {
  if ('passphraseFile' in recipients) passphraseIn(recipients.passphraseFile);
  else await wrapFileKey(recipients);
}

/** What can be said of a directory that is a target, and of how a target seals. */
import { storageAt } from '../archive/storages.js';
import { ConfigurationError } from '../errors.js';
import { plural } from '../platform/units.js';
import type { Recipients } from '../sealing/age-headers.js';
import { checkRecipients } from '../sealing/check-recipients.js';
import { type Check, checkWritable, ok, problem } from './check.js';

/** Looks at it, and changes nothing. */
export async function checkDirectory({
  directory,
}: {
  readonly directory: string;
}): Promise<Check> {
  const name = 'directory';
  const { state, writeFault } = await storageAt(directory).standing();

  if (state !== 'there') {
    const fact = state === 'missing' ? 'does not exist' : 'is a file';

    return problem(
      name,
      `${directory} ${fact}`,
      'Mount the disk or make the directory.',
    );
  }

  return checkWritable(name, directory, writeFault);
}

/** Says whom archives are sealed for, where they are. */
export async function checkSealing({
  recipients,
}: {
  readonly recipients?: Recipients;
}): Promise<Check[]> {
  const name = 'sealing';
  if (!recipients) return [];

  try {
    await checkRecipients(recipients);
    const words =
      'passphraseFile' in recipients
        ? `with the passphrase in ${recipients.passphraseFile}`
        : `for ${plural(recipients.length, 'recipient')}`;

    return [ok(name, `archives are sealed ${words}`)];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;

    const [advice = 'See docs/operating.md.'] = error.hints;

    return [problem(name, error.message, advice)];
  }
}

/** Where the identities of a command come from: a flag, its variable, kms-backup.ini; and who is asked for a passphrase. */
import { resolve } from 'node:path';
import { NotFoundError } from '../errors.js';
import { offerIdentities } from '../sealing/key-ring.js';

/** The flags that say something about identities. */
export interface IdentityFlags {
  readonly identity?: string | undefined;
  readonly 'passphrase-file'?: string | undefined;
  readonly 'server-dir'?: string | undefined;
}

/** A passphrase's place in the environment. */
const PASSPHRASE = 'KMS_BACKUP_IDENTITY_PASSPHRASE';

/** Offers the identities of a command, until `withdrawIdentities`; what is not sealed asks for none. */
export function offerIdentitiesOf(
  flags: IdentityFlags,
  ask: (of: string) => Promise<string>,
): void {
  const known = process.env[PASSPHRASE] ?? '';
  const file = flags['passphrase-file'];

  offerIdentities({
    findFile: async (usual) => {
      if (flags.identity !== undefined) return resolve(flags.identity);

      return usual ?? fileInSettings(flags);
    },
    ...(file !== undefined && { passphraseFile: resolve(file) }),
    hasPassphrase: known !== '',
    askPassphrase: async (of) => (known === '' ? ask(of) : known),
  });
}

export function withdrawIdentities(): void {
  offerIdentities(undefined);
}

/** Undefined on a machine without a server too: archives are recovered there. */
async function fileInSettings(
  flags: IdentityFlags,
): Promise<string | undefined> {
  const { findServer } = await import('./server.js');
  const { readIniFile } = await import('../settings/ini-file.js');

  try {
    return readIniFile(findServer(flags).dir).backup.identityFile;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;

    throw error;
  }
}

/** Asks for the passphrase of a file of identities, or of archives. @throws {UsageError} where there is no terminal to ask on */
export async function askIdentityPassphrase(of: string): Promise<string> {
  const { openPrompts } = await import('./prompts.js');
  const instead = 'Put it into KMS_BACKUP_IDENTITY_PASSPHRASE.';

  return openPrompts(instead).password(`Passphrase of ${of}:`);
}

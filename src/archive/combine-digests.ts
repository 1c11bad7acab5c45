import { createHash } from 'node:crypto';

/** Names an archive's content: SHA-256 over the SHA-256 of each volume's central directory, hexadecimal. */
export function combineDigests(volumeDigests: readonly string[]): string {
  return createHash('sha256').update(volumeDigests.join('\n')).digest('hex');
}

import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { toUnreadableSettings } from './system-error.js';

/**
 * Returns the certificates that are believed where a file adds some: Node's, the file's, and those of NODE_EXTRA_CA_CERTS, which
 * Node adds to its own alone. Undefined without a file.
 * @throws {KmsError} when a file cannot be read
 */
export function trustedCertificates(
  caFile: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string[] | undefined {
  if (caFile === undefined) return undefined;

  const extra = env['NODE_EXTRA_CA_CERTS'] ?? '';
  const files = extra === '' ? [caFile] : [caFile, extra];

  return [...rootCertificates, ...files.map(readCertificates)];
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw toUnreadableSettings(
      error,
      `cannot read the file of certificates ${file}`,
    );
  }
}

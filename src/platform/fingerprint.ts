/** The fingerprint of a certificate: its SHA-256. */
import { createHash } from 'node:crypto';
import { UsageError } from '../errors.js';

/** In hexadecimal digits alone. @param raw the certificate in DER */
export function fingerprintOf(raw: Buffer): string {
  return createHash('sha256').update(raw).digest('hex');
}

/** Reads a fingerprint in the forms that tools print it. @throws {UsageError} */
export function parseFingerprint(text: string): string {
  const digits = text.replace(/^sha-?256(:| fingerprint=)?/i, '');
  const plain = digits.replace(/[:\s]/g, '').toLowerCase();

  if (/^[0-9a-f]{64}$/.test(plain)) return plain;

  throw new UsageError(`no SHA-256 fingerprint: ${text}`, {
    hints: [
      'Print it with openssl x509 -in server.crt -noout -fingerprint -sha256.',
    ],
  });
}

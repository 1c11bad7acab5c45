/** The fingerprint of a certificate: its SHA-256. */
import { createHash } from 'node:crypto';
import { UsageError } from '../errors.js';

/** In hexadecimal digits alone. @param raw the certificate in DER */
export function fingerprintOf(raw: Buffer): string {
  return createHash('sha256').update(raw).digest('hex');
}

/** Reads a fingerprint in the forms that tools print it, `SHA256 Fingerprint=AB:CD…` too; undefined where it is none. */
export function readFingerprint(text: string): string | undefined {
  const digits = text.replace(/^\s*sha-?256(\s+fingerprint)?\s*[:=]?/i, '');
  const plain = digits.replace(/[:\s]/g, '').toLowerCase();

  return /^[0-9a-f]{64}$/.test(plain) ? plain : undefined;
}

/** @throws {UsageError} where it is none */
export function parseFingerprint(text: string): string {
  const plain = readFingerprint(text);
  if (plain !== undefined) return plain;

  throw new UsageError(`no SHA-256 fingerprint: ${text}`, {
    hints: [
      'Print it with openssl x509 -in server.crt -noout -fingerprint -sha256.',
    ],
  });
}

/** The section `[api]` of kms-backup.ini: the administration of the server that runs. */
import { readFingerprint } from '../platform/fingerprint.js';
import {
  type HttpsAddress,
  readHttpsAddress,
} from '../platform/https-address.js';
import type { SectionReader } from './ini-section.js';

export interface ApiSettings {
  readonly url: HttpsAddress | undefined;
  readonly user: string | undefined;
  /** Absolute. */
  readonly passwordFile: string | undefined;
  /** SHA-256 of its certificate, in hexadecimal digits alone. */
  readonly fingerprint: string | undefined;
}

/** The port of the vendor's administration. */
const USUAL_PORT = 4040;

export function readApi(section: SectionReader): ApiSettings {
  return {
    url: section.read(
      'url',
      'an https address such as https://127.0.0.1:4040',
      (text) => readHttpsAddress(text, USUAL_PORT),
    ),
    user: section.text('user'),
    passwordFile: section.path('password-file'),
    fingerprint: section.read(
      'fingerprint',
      'a SHA-256 as openssl prints it',
      readFingerprint,
    ),
  };
}

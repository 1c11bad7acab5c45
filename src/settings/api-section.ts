/** The section `[api]` of kms-backup.ini: the administration of the server that runs. */
import type { SectionReader } from './ini-section.js';

export interface ApiSettings {
  /** `https://127.0.0.1:4040` */
  readonly url: string | undefined;
  readonly user: string | undefined;
  /** Absolute. */
  readonly passwordFile: string | undefined;
  /** SHA-256 of its certificate. */
  readonly fingerprint: string | undefined;
}

export function readApi(section: SectionReader): ApiSettings {
  return {
    url: section.read(
      'url',
      'an https address such as https://127.0.0.1:4040',
      (text) => (/^https:\/\/[^\s/@?#]+\/?$/i.test(text) ? text : undefined),
    ),
    user: section.text('user'),
    passwordFile: section.path('password-file'),
    fingerprint: section.read(
      'fingerprint',
      'a SHA-256 in hexadecimal',
      (text) =>
        /^[0-9a-f]{64}$/i.test(text.replace(/[:\s]/g, '')) ? text : undefined,
    ),
  };
}

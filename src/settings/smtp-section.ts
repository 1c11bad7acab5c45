/** The section `[smtp]` of kms-backup.ini: who is mailed about runs, and how. */
import { isMailAddress } from '../platform/mail-address.js';
import type { SectionReader } from './ini-section.js';

/** The runs that send a notification: every run, those that need attention, or none. */
const NOTIFY_RULES = ['always', 'problems', 'never'] as const;
export type NotifyRule = (typeof NOTIFY_RULES)[number];

/** The protection of the connection to the SMTP service; `auto` takes STARTTLS where the service offers it. */
const TLS_MODES = ['auto', 'none', 'starttls', 'tls'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

export interface SmtpSettings {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly tls: TlsMode | undefined;
  /** False accepts any certificate. */
  readonly tlsVerify: boolean | undefined;
  readonly user: string | undefined;
  /** Absolute. */
  readonly passwordFile: string | undefined;
  readonly from: string | undefined;
  readonly to: readonly string[] | undefined;
  readonly notify: NotifyRule | undefined;
  readonly timeoutMs: number | undefined;
}

export function readSmtp(section: SectionReader): SmtpSettings {
  return {
    host: section.word('host', 'a host name or an address'),
    port: section.integer('port', 1, 65535),
    tls: section.oneOf('tls', TLS_MODES),
    tlsVerify: section.yesNo('tls-verify'),
    user: section.text('user'),
    passwordFile: section.path('password-file'),
    from: section.read('from', 'one e-mail address', (text) =>
      parseAddresses(text)?.at(0),
    ),
    to: section.read(
      'to',
      'e-mail addresses, separated by commas',
      parseAddresses,
    ),
    notify: section.oneOf('notify', NOTIFY_RULES),
    timeoutMs: section.duration('timeout'),
  };
}

/** `a@b, Name <c@d>` as a list; undefined where one of them is no address or holds a line break. */
function parseAddresses(text: string): string[] | undefined {
  const parts = text.split(/[,;]/).map((part) => part.trim());
  return parts.every(isMailAddress) ? parts : undefined;
}

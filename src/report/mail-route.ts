import { readSecret } from '../platform/secret.js';
import type { IniSettings } from '../settings/ini-settings.js';
import type { TlsMode } from '../settings/smtp-section.js';
import { readNotifyAddress } from '../server/notify-address.js';

/** The settings of mailserver.cfg about mail, as `ServerSettings` has them. */
export interface ServerMailFacts {
  /** AdminNotify; empty: nobody is told. */
  readonly notifyAddress: string;
  /** The Internet host name; may be empty. */
  readonly hostname: string;
  readonly mail: { readonly smtpPort: number };
}

/** The route and the recipients of a notification. */
export interface MailRoute {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  readonly verifiesCertificate: boolean;
  readonly login:
    { readonly user: string; readonly password: string } | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly timeoutMs: number;
}

const LOOPBACK = '127.0.0.1';
const DEFAULT_TIMEOUT_MS = 30_000;
const SMTP_PASSWORD_VARIABLE = 'KMS_BACKUP_SMTP_PASSWORD';

export interface RouteInput {
  readonly smtp: IniSettings['smtp'];
  readonly server: ServerMailFacts;
  /** The machine's own name, where mailserver.cfg has none. */
  readonly machine: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The route of notifications: `[smtp]` where it says something, otherwise the server's own SMTP service on this machine.
 * Undefined where neither names a recipient.
 * @throws {ConfigurationError} when the password file cannot be read or is open to others
 */
export function readMailRoute({
  smtp,
  server,
  machine,
  env,
}: RouteInput): MailRoute | undefined {
  const to = smtp.to ?? readNotifyAddress(server.notifyAddress).to;
  if (to.length === 0) return undefined;

  const domain = server.hostname === '' ? machine : server.hostname;

  return {
    ...placeOf(smtp, server),
    tls: smtp.tls ?? 'auto',
    login: readLogin(smtp, env),
    from: smtp.from ?? `kms-backup@${domain}`,
    to,
    timeoutMs: smtp.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
}

/** The service that `[smtp]` names, or the server's own on this machine. */
function placeOf(
  smtp: IniSettings['smtp'],
  server: ServerMailFacts,
): Pick<MailRoute, 'host' | 'port' | 'verifiesCertificate'> {
  const { host, port, tls, tlsVerify } = smtp;

  if (host !== undefined) {
    return {
      host,
      port: port ?? defaultPort(tls),
      verifiesCertificate: tlsVerify ?? true,
    };
  }

  return {
    host: LOOPBACK,
    port: port ?? server.mail.smtpPort,
    // The server's certificate names the Internet host, not 127.0.0.1, and nobody stands between the two.
    verifiesCertificate: tlsVerify ?? false,
  };
}

/** RFC 8314: 465 is TLS from the first byte; with a login, 587; 25 between servers. */
function defaultPort(tls: TlsMode | undefined): number {
  if (tls === 'tls') return 465;
  return tls === 'starttls' ? 587 : 25;
}

function readLogin(
  smtp: IniSettings['smtp'],
  env: RouteInput['env'],
): MailRoute['login'] {
  if (smtp.user === undefined) return undefined;

  const what = `the SMTP login ${smtp.user}`;

  const password = readSecret({
    what,
    variable: SMTP_PASSWORD_VARIABLE,
    file: smtp.passwordFile,
    env,
  });

  return { user: smtp.user, password: password ?? '' };
}

/**
 * imap/ speaks to an IMAP server as folders that take messages. It knows nothing of archives. Start here, with the account; then
 * session.ts (one connection) and fault.ts (what went wrong with it).
 */
import { isIP } from 'node:net';
import { UsageError } from '../errors.js';

/** How the way to the server is protected; `auto` is TLS on port 993 and STARTTLS on all others. */
export type ImapProtection = 'auto' | 'tls' | 'starttls' | 'none';

/** Who logs in, for an account: its user, a master user who may act for others, or whoever knows Kerio's master password. */
export type ImapLogin =
  | { readonly kind: 'user' }
  | { readonly kind: 'master-user'; readonly name: string }
  | { readonly kind: 'kerio-master' };

export interface ImapAddress {
  readonly host: string;
  /** Undefined: the usual one of the protection. */
  readonly port: number | undefined;
}

/** An account on an IMAP server, and the way there. */
export interface ImapAccount {
  readonly host: string;
  readonly port: number;
  readonly protection: Exclude<ImapProtection, 'auto'> | 'local';
  /** PEM; undefined: those that Node believes. */
  readonly certificates: readonly string[] | undefined;
  /** SHA-256 of the server's certificate, in hexadecimal digits alone: nothing else about it is looked at. */
  readonly fingerprint: string | undefined;
  /** Whose mail it is: `alice@example.com`. */
  readonly user: string;
  readonly login: ImapLogin;
  readonly password: string;
}

const TLS_PORT = 993;
const PORT = 143;

/** Reads `mail.example.com`, `192.0.2.1:143`, `[2001:db8::1]:993`. @throws {UsageError} */
export function parseImapAddress(text: string): ImapAddress {
  const [, bracketed, plain, digits] =
    /^(?:\[([^\]]+)\]|([^:\s/@]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const bare = isIP(text) === 6 ? text : undefined;
  const host = bracketed ?? plain ?? bare;
  const port = digits === undefined ? undefined : Number(digits);

  if (host !== undefined && isPort(port)) return { host, port };

  throw new UsageError(`no IMAP server is named by ${JSON.stringify(text)}`, {
    hints: ['Write --imap mail.example.com or --imap mail.example.com:993.'],
  });
}

/** The port and the protection that an address and a wish come to. */
export function chooseProtection(
  { host, port }: ImapAddress,
  wish: ImapProtection,
): Pick<ImapAccount, 'port' | 'protection'> {
  if (wish === 'tls') return { port: port ?? TLS_PORT, protection: wish };
  if (wish !== 'auto') return { port: port ?? PORT, protection: wish };

  if (port === undefined || port === TLS_PORT) {
    return { port: TLS_PORT, protection: 'tls' };
  }

  // What never leaves the machine may go without, where the server offers nothing.
  return { port, protection: isThisMachine(host) ? 'local' : 'starttls' };
}

function isPort(port: number | undefined): boolean {
  return port === undefined || (port > 0 && port < 65_536);
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}

/** The server for messages: `mail.example.com:993`. */
export function describeServer({
  host,
  port,
}: Pick<ImapAccount, 'host' | 'port'>): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${String(port)}`;
}

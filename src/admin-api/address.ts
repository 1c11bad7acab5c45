/**
 * admin-api/ speaks JSON-RPC to the administration interface of a mail server (Kerio Connect 7 and later). It knows nothing of
 * backups. Start here, with the server; then trust.ts (who is believed), exchange.ts (one question and its answer), session.ts
 * (somebody who is logged in) and fault.ts (what went wrong).
 */
import { isIP } from 'node:net';
import { ConfigurationError } from '../errors.js';

export interface AdminAddress {
  readonly host: string;
  readonly port: number;
}

/** A mail server's administration, and who logs in there. */
export interface AdminServer extends AdminAddress {
  readonly user: string;
  readonly password: string;
  /** SHA-256 of its certificate, in hexadecimal digits: nothing else about it is looked at. */
  readonly fingerprint: string | undefined;
  /** In DER: what the server has to show where no fingerprint is known. */
  readonly certificates: readonly Buffer[];
  /** So long may it say nothing; default: a minute, as in the vendor's own client. */
  readonly silenceMs?: number;
}

/** The port of the vendor's administration. */
const USUAL_PORT = 4040;

/** Reads `https://mail.example.com:4040`; no port is 4040. @throws {ConfigurationError} */
export function parseAdminAddress(text: string): AdminAddress {
  const [, bracketed, plain, digits] =
    /^https:\/\/(?:\[([0-9a-f:.]+)\]|([^\s/:@?#[\]]+))(?::(\d{1,5}))?\/?$/i.exec(
      text,
    ) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? USUAL_PORT : Number(digits);

  if (host !== undefined && port > 0 && port < 65_536) return { host, port };

  throw new ConfigurationError(
    `no administration of a mail server is named by ${JSON.stringify(text)}`,
    { hints: ['Write url = https://127.0.0.1:4040 in [api].'] },
  );
}

/** For messages: `https://127.0.0.1:4040`. */
export function describeAddress({ host, port }: AdminAddress): string {
  return `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

import { isIP } from 'node:net';

/** A server that is spoken to by https, and no path on it. */
export interface HttpsAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads `https://mail.example.com:4040`, and `https://[2001:db8::1]/`; undefined where it is no such address. */
export function readHttpsAddress(
  text: string,
  usualPort: number,
): HttpsAddress | undefined {
  const [, bracketed, plain, digits] =
    /^https:\/\/(?:\[([0-9a-f:.]+)\]|([^\s/:@?#[\]]+))(?::(\d{1,5}))?\/?$/i.exec(
      text,
    ) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? usualPort : Number(digits);
  const isAddress = bracketed === undefined || isIP(bracketed) === 6;

  return host !== undefined && isAddress && port > 0 && port < 65_536
    ? { host, port }
    : undefined;
}

/** For messages: `https://127.0.0.1:4040`. */
export function describeHttpsAddress({ host, port }: HttpsAddress): string {
  return `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

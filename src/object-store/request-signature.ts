import { createHash, createHmac } from 'node:crypto';

/** Signs requests as AWS's Signature Version 4 says, by headers. Pure. */

/** What proves who asks. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When they end; undefined: never. */
  readonly expiresMs?: number;
}

/** What of a request is signed. */
export interface SignedRequest {
  readonly method: string;
  /** Absolute, each part encoded by `encodeUri`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case, `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, in hex. */
  readonly bodySha256: string;
}

/** What the signature is bound to. */
export interface SigningScope {
  readonly region: string;
  readonly service: string;
  readonly at: Date;
}

/** Returns the value of the header `authorization`. */
export function authorizationOf(
  request: SignedRequest,
  credentials: Credentials,
  scope: SigningScope,
): string {
  const names = Object.keys(request.headers).sort();
  const signedHeaders = names.join(';');
  const day = amzDate(scope.at).slice(0, 8);
  const place = `${day}/${scope.region}/${scope.service}/aws4_request`;

  const canonical = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...names.map((name) => `${name}:${trimmed(request.headers[name] ?? '')}`),
    '',
    signedHeaders,
    request.bodySha256,
  ].join('\n');

  const toSign = [
    ALGORITHM,
    amzDate(scope.at),
    place,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n');

  const key = signingKey(credentials.secretAccessKey, day, scope);
  const signature = mac(key, toSign).toString('hex');

  return `${ALGORITHM} Credential=${credentials.accessKeyId}/${place}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

function signingKey(secret: string, day: string, scope: SigningScope): Buffer {
  const dayKey = mac(`AWS4${secret}`, day);
  const regionKey = mac(dayKey, scope.region);

  return mac(mac(regionKey, scope.service), 'aws4_request');
}

function mac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** `20261125T212044Z`. */
export function amzDate(at: Date): string {
  return at.toISOString().replace(/[-:]|\.\d+/g, '');
}

/** The parameters as they are signed and sent: encoded, in the order of their encoded names. */
export function canonicalQuery(
  query: Readonly<Record<string, string>>,
): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeUri(name)}=${encodeUri(value)}`)
    .sort(byBytes)
    .join('&');
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Encodes all but letters, digits and `-._~`, as UTF-8. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function trimmed(value: string): string {
  return value.trim().replace(/ +/g, ' ');
}

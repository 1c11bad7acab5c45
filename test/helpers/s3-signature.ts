import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** An answer that refuses a request. */
export class S3Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    /** Further elements of the answer. */
    readonly details: Readonly<Record<string, string>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code);
  }
}

/** Who may ask, and for what. */
export interface S3User {
  readonly secret: string;
  /** Demanded in `x-amz-security-token`; `expired` is answered with ExpiredToken. */
  readonly token?: string;
  /** What is answered with AccessDenied. */
  readonly mayNot?: readonly ('delete' | 'overwrite' | 'put' | 'list')[];
}

/** What of a request its signature is checked against. */
export interface SignedBytes {
  readonly method: string;
  /** As it was sent: path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What the server believes. */
export interface SignatureRules {
  readonly users: Readonly<Record<string, S3User>>;
  readonly region: string;
  readonly nowMs: number;
  /** Answered for a signature of another region: 400 with its name, or 301 with a header. */
  readonly wrongRegion: 'named' | 'redirect';
}

const FIFTEEN_MINUTES_MS = 900_000;

/**
 * Checks who asks, and that nothing of the request changed on its way.
 * @throws {S3Refusal}
 */
export function checkSignature(
  sent: SignedBytes,
  rules: SignatureRules,
): S3User {
  const claim =
    /^AWS4-HMAC-SHA256 Credential=(.+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      sent.headers.authorization ?? '',
    );
  if (!claim) throw new S3Refusal(403, 'AccessDenied');
  const [, id = '', day = '', region = '', names = '', signature = ''] = claim;

  const user = rules.users[id];
  if (!user) throw new S3Refusal(403, 'InvalidAccessKeyId');

  refuseOtherTime(sent, day, rules.nowMs);
  refuseOtherRegion(region, rules);
  refuseUnsigned(sent.headers, names.split(';'));

  const expected = signatureOf(sent, user.secret, { day, region, names });
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) {
    throw new S3Refusal(403, 'SignatureDoesNotMatch');
  }

  refuseToken(sent.headers, user);
  if (sha256(sent.body) !== sent.headers['x-amz-content-sha256']) {
    throw new S3Refusal(400, 'XAmzContentSHA256Mismatch');
  }

  return user;
}

function refuseOtherTime(sent: SignedBytes, day: string, nowMs: number): void {
  const date = headerOf(sent.headers, 'x-amz-date');
  const at = Date.parse(
    date.replace(
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
      '$1-$2-$3T$4:$5:$6Z',
    ),
  );
  if (Number.isNaN(at) || !date.startsWith(day)) {
    throw new S3Refusal(403, 'AccessDenied');
  }

  if (Math.abs(at - nowMs) > FIFTEEN_MINUTES_MS) {
    throw new S3Refusal(403, 'RequestTimeTooSkewed');
  }
}

function refuseOtherRegion(region: string, rules: SignatureRules): void {
  if (region === rules.region) return;

  throw rules.wrongRegion === 'named'
    ? new S3Refusal(400, 'AuthorizationHeaderMalformed', {
        Region: rules.region,
      })
    : new S3Refusal(
        301,
        'PermanentRedirect',
        {},
        { 'x-amz-bucket-region': rules.region },
      );
}

/** What changes the meaning of a request must be signed. */
function refuseUnsigned(
  headers: IncomingHttpHeaders,
  signed: readonly string[],
): void {
  for (const name of Object.keys(headers)) {
    const isMeaning =
      /^(host|range|content-md5|content-type|if-.*|x-amz-.*)$/.test(name);
    if (isMeaning && !signed.includes(name)) {
      throw new S3Refusal(403, 'AccessDenied', { HeadersNotSigned: name });
    }
  }
}

function refuseToken(headers: IncomingHttpHeaders, user: S3User): void {
  if (user.token === 'expired') throw new S3Refusal(400, 'ExpiredToken');
  if (headers['x-amz-security-token'] !== user.token) {
    throw new S3Refusal(403, 'InvalidToken');
  }
}

function signatureOf(
  sent: SignedBytes,
  secret: string,
  { day, region, names }: { day: string; region: string; names: string },
): Buffer {
  const [path = '', query = ''] = sent.target.split(/\?(.*)/s);
  const parameters = [...new URLSearchParams(query)]
    .map(
      ([name, value]) => `${strictlyEncoded(name)}=${strictlyEncoded(value)}`,
    )
    .sort()
    .join('&');
  const canonical = [
    sent.method,
    path
      .split('/')
      .map((part) => strictlyEncoded(decodeURIComponent(part)))
      .join('/'),
    parameters,
    ...names
      .split(';')
      .map((name) => `${name}:${headerOf(sent.headers, name).trim()}`),
    '',
    names,
    headerOf(sent.headers, 'x-amz-content-sha256'),
  ].join('\n');

  const scope = `${day}/${region}/s3/aws4_request`;
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const step of scope.split('/')) key = mac(key, step);

  return mac(
    key,
    `AWS4-HMAC-SHA256\n${headerOf(sent.headers, 'x-amz-date')}\n${scope}\n${sha256(Buffer.from(canonical))}`,
  );
}

/** One byte of UTF-8 after the other: only what AWS calls unreserved stays. */
function strictlyEncoded(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(char)
        ? char
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  return String(headers[name] ?? '');
}

function mac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

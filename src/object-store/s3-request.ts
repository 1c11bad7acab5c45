import { createHash, webcrypto } from 'node:crypto';
import { type BucketAddress, pathOfKey } from './address.js';
import type { HttpAnswer, HttpRequest } from './exchange.js';
import {
  type Credentials,
  amzDate,
  authorizationOf,
  canonicalQuery,
} from './request-signature.js';

/** What is asked of the bucket, or of an object in it. */
export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** With the prefix; without one, the bucket itself is asked. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Default: as much as a list may have. */
  readonly mostAnswerBytes?: number;
  /** Says in words what is wrong with a good answer; undefined: nothing. What is wrong is asked for again. */
  readonly check?: (answer: HttpAnswer) => string | undefined;
  /** Called before each further try; its error ends the call. */
  readonly beforeAgain?: () => Promise<void>;
  /** For messages: `store s3://bucket/key`. */
  readonly what: string;
}

/** What a request is signed with. */
export interface SigningFacts {
  readonly address: BucketAddress;
  readonly region: string;
  readonly credentials: Credentials;
  readonly at: Date;
}

/** What the server compares a body with. */
export interface BodyDigests {
  /** In hex. */
  readonly sha256: string;
  /** In base64. */
  readonly md5: string;
}

const EMPTY = Buffer.alloc(0);
const MOST_XML_BYTES = 64 << 20;
/** From here on a digest is worth another thread. */
const LARGE_BODY_BYTES = 1 << 20;

export async function digestsOf(body: Buffer = EMPTY): Promise<BodyDigests> {
  const sha256 =
    body.length < LARGE_BODY_BYTES
      ? createHash('sha256').update(body).digest('hex')
      : Buffer.from(await webcrypto.subtle.digest('SHA-256', body)).toString(
          'hex',
        );

  return { sha256, md5: createHash('md5').update(body).digest('base64') };
}

/** Returns the request as it is sent, signed. */
export function signedRequest(
  request: S3Request,
  digests: BodyDigests,
  { address, region, credentials, at }: SigningFacts,
): HttpRequest {
  const { method, body, query = {} } = request;
  const path = pathOfKey(address, request.key);
  const search = canonicalQuery(query);

  const headers: Record<string, string> = {
    ...request.headers,
    host: address.hostHeader,
    'x-amz-date': amzDate(at),
    'x-amz-content-sha256': digests.sha256,
    ...(credentials.sessionToken !== undefined && {
      'x-amz-security-token': credentials.sessionToken,
    }),
    ...(body && { 'content-md5': digests.md5 }),
  };

  const authorization = authorizationOf(
    { method, path, query, headers, bodySha256: digests.sha256 },
    credentials,
    { region, service: 's3', at },
  );

  return {
    method,
    host: address.host,
    port: address.port,
    path: search === '' ? path : `${path}?${search}`,
    headers: {
      ...headers,
      authorization,
      ...(body && { 'content-length': String(body.length) }),
    },
    body: body ?? EMPTY,
    mostAnswerBytes: request.mostAnswerBytes ?? MOST_XML_BYTES,
  };
}

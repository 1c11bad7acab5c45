import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import { type BucketAddress, bucketAddress, pathOfKey } from './address.js';
import { parseAnswer } from './answer-xml.js';
import { type HttpAnswer, exchange } from './exchange.js';
import type { ObjectStoreTarget } from './object-store.js';
import { ObjectStoreError } from './object-store-error.js';
import {
  type Credentials,
  amzDate,
  authorizationOf,
  canonicalQuery,
} from './request-signature.js';
import type { Surroundings } from './surroundings.js';

/** What is asked of the bucket, or of an object in it. */
export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** With the prefix; without one, the bucket itself is asked. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly mostAnswerBytes?: number;
  /** For messages: `store s3://bucket/key`. */
  readonly what: string;
}

const EMPTY = Buffer.alloc(0);
const MOST_XML_BYTES = 64 << 20;

/** Signs requests, sends them, and repeats what may be repeated. */
export class S3Client {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #abort = new AbortController();

  constructor(
    private readonly target: ObjectStoreTarget,
    private readonly surroundings: Surroundings,
  ) {}

  async call(request: S3Request): Promise<HttpAnswer> {
    const region = this.target.region ?? 'us-east-1';
    const address = bucketAddress(this.target, region);

    const answer = await exchange(this.#signed(request, address, region), {
      agent: this.#agent,
      limits: { idleMs: 60_000, wholeMs: 600_000 },
      signal: this.#abort.signal,
    });

    if (answer.status < 300 && !isError(answer)) return answer;

    throw refusal(request, answer);
  }

  close(): void {
    this.#abort.abort();
    this.#agent.destroy();
  }

  #signed(request: S3Request, address: BucketAddress, region: string) {
    const { env, clock } = this.surroundings;
    const at = clock();
    const body = request.body ?? EMPTY;
    const query = request.query ?? {};
    const path = pathOfKey(address, request.key);
    const bodySha256 = createHash('sha256').update(body).digest('hex');

    const credentials: Credentials = {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
    };

    const headers: Record<string, string> = {
      ...request.headers,
      host: address.hostHeader,
      'x-amz-date': amzDate(at),
      'x-amz-content-sha256': bodySha256,
      ...(request.body && { 'content-length': String(body.length) }),
      ...(request.body && {
        'content-md5': createHash('md5').update(body).digest('base64'),
      }),
    };

    const authorization = authorizationOf(
      { method: request.method, path, query, headers, bodySha256 },
      credentials,
      { region, service: 's3', at },
    );

    const search = canonicalQuery(query);

    return {
      method: request.method,
      host: address.host,
      port: address.port,
      path: search === '' ? path : `${path}?${search}`,
      headers: { ...headers, authorization },
      body,
      mostAnswerBytes: request.mostAnswerBytes ?? MOST_XML_BYTES,
    };
  }
}

/** Some answers begin with 200 and say only at their end that the work failed. */
function isError(answer: HttpAnswer): boolean {
  return (
    answer.headers['content-type']?.includes('xml') === true &&
    answer.body.length < 65_536 &&
    parseAnswer(answer.body)?.name === 'Error'
  );
}

function refusal(request: S3Request, answer: HttpAnswer): ObjectStoreError {
  const root = parseAnswer(answer.body);
  const reason = root?.text('Code') ?? CODES[answer.status] ?? 'BadAnswer';
  const said = root?.text('Message') ?? '';

  return new ObjectStoreError(
    `cannot ${request.what}: ${reason} (${answer.status}) ${said}`.trim(),
    { reason, status: answer.status },
  );
}

/** The codes of answers without a body. */
const CODES: Readonly<Record<number, string>> = {
  403: 'AccessDenied',
  404: 'NoSuchKey',
  412: 'PreconditionFailed',
  416: 'InvalidRange',
  501: 'NotImplemented',
};

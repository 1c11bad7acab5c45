import {
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Bucket, type S3Manner } from './s3-bucket.js';
import { forwardS3 } from './s3-forward.js';
import { type S3Answer, answerS3, refusalXml } from './s3-requests.js';
import { S3Refusal, type S3User, checkSignature } from './s3-signature.js';

/** What goes wrong with a request. */
export interface S3Fault {
  /** Of the requests since the server started, or since `requests` was emptied: 1 is the first. */
  readonly at?: number;
  /** The same of this request and all that follow. */
  readonly from?: number;
  readonly method?: string;
  /** Of the whole key, with its prefix. */
  readonly key?: RegExp;
  /** The name of a parameter: `uploadId`. */
  readonly query?: string;
  /**
   * `reset`: nothing is done, the connection ends · `lose`: done, and the connection ends · `hang`: nothing is done or said ·
   * `lose-hang`: done, and nothing is said · `cut`: done, half of the answer's body · `flip`: done, a bit of the body is wrong ·
   * `unlisted`: a list of parts has none of them yet · `slow`: 300 ms late · a status with a code: that is said and nothing done.
   */
  readonly does:
    | 'reset'
    | 'lose'
    | 'hang'
    | 'lose-hang'
    | 'cut'
    | 'flip'
    | 'unlisted'
    | 'slow'
    | { readonly status: number; readonly code: string };
  /** How many requests it meets; default 1. */
  times?: number;
}

/** A request as it was answered. */
export interface S3Seen {
  readonly method: string;
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
  readonly range: string | undefined;
  status: number;
  readonly bodyBytes: number;
  answerBytes: number;
}

export interface S3ServerOptions {
  readonly manner?: S3Manner;
  /** Default: no. */
  readonly hasVersions?: boolean;
  readonly users?: Readonly<Record<string, S3User>>;
  readonly region?: string;
  readonly wrongRegion?: 'named' | 'redirect';
  /** Keys, uploads and parts of one page. */
  readonly pageSize?: number;
  /** A part before the last must not be smaller; default 5 MiB. */
  readonly leastPartBytes?: number;
  /** How far the server's clock is ahead. */
  readonly clockOffsetMs?: number;
  /** The address of another server that has the bucket: what is asked goes there, and the faults happen on the way. */
  readonly forwardTo?: string;
  readonly bucketName?: string;
  /** Key and certificate in PEM: it speaks https. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A strict server that speaks S3, on 127.0.0.1 and in memory, with one bucket. */
export interface S3Server {
  readonly endpoint: string;
  readonly bucketName: string;
  readonly bucket: S3Bucket;
  readonly faults: S3Fault[];
  /** Every request so far; may be emptied. */
  readonly requests: S3Seen[];
  /** May be changed while it runs: a token that expires. */
  readonly users: Record<string, S3User>;
  /** The environment of a client of the first user. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const BUCKET = 'mail-backup';

/** The first user of a server without others. */
const USERS: Readonly<Record<string, S3User>> = {
  'KEY+of/host': { secret: 'host/Secret+with=signs' },
};

export async function startS3(
  options: S3ServerOptions = {},
): Promise<S3Server> {
  const running = new RunningServer(options);
  await running.listen();
  return running;
}

class RunningServer implements S3Server {
  readonly bucketName: string;
  readonly faults: S3Fault[] = [];
  readonly requests: S3Seen[] = [];
  readonly users: Record<string, S3User>;
  readonly bucket: S3Bucket;
  readonly #server: Server;

  constructor(private readonly options: S3ServerOptions) {
    this.users = { ...(options.users ?? USERS) };
    this.bucketName = options.bucketName ?? BUCKET;
    this.bucket = new S3Bucket({
      manner: options.manner ?? 'strict',
      hasVersions: options.hasVersions ?? false,
      leastPartBytes: options.leastPartBytes ?? 5 << 20,
      nowMs: () => this.#nowMs(),
    });
    const listener = (asked: IncomingMessage, answer: ServerResponse): void => {
      void this.#serve(asked, answer);
    };

    this.#server = options.tls
      ? createSecureServer(options.tls, listener)
      : createServer(listener);
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.options.tls ? 'https' : 'http'}://127.0.0.1:${String(port)}`;
  }

  get env(): Record<string, string> {
    const [id = '', user] = Object.entries(this.users)[0] ?? [];
    return {
      AWS_ACCESS_KEY_ID: id,
      AWS_SECRET_ACCESS_KEY: user?.secret ?? '',
      ...(user?.token !== undefined && { AWS_SESSION_TOKEN: user.token }),
    };
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) =>
      this.#server.listen(0, '127.0.0.1', resolve),
    );
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }

  #nowMs(): number {
    return Date.now() + (this.options.clockOffsetMs ?? 0);
  }

  async #serve(
    asked: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await bodyOf(asked);
    if (!body) return;

    const url = new URL(`http://host${asked.url ?? '/'}`);
    const seen: S3Seen = {
      method: asked.method ?? '',
      key: keyOf(asked, url),
      query: Object.fromEntries(url.searchParams),
      range: asked.headers.range,
      status: 0,
      bodyBytes: body.length,
      answerBytes: 0,
    };
    this.requests.push(seen);

    const does = this.#faultOf(seen)?.does;
    if (does === 'reset') asked.socket.resetAndDestroy();
    if (does === 'reset' || does === 'hang') return;
    if (does === 'slow') await sleep(300);

    const answer =
      typeof does === 'object'
        ? refusalXml(new S3Refusal(does.status, does.code))
        : await this.#answerOrForward(asked, url, body, seen);
    seen.status = answer.status;
    seen.answerBytes = answer.body.length;

    if (does === 'lose') asked.socket.resetAndDestroy();
    if (does === 'lose' || does === 'lose-hang') return;

    this.#send(response, answer, does);
  }

  #send(
    response: ServerResponse,
    answer: S3Answer,
    does: S3Fault['does'] | undefined,
  ): void {
    const body = changed(answer.body, does);
    const isHead = response.req.method === 'HEAD';
    response.writeHead(answer.status, {
      date: new Date(this.#nowMs()).toUTCString(),
      'x-amz-request-id': 'kms-test',
      ...(!isHead && { 'content-length': body.length }),
      ...answer.headers,
    });

    if (does === 'cut') {
      response.write(body.subarray(0, body.length >> 1), () => {
        response.socket?.destroy();
      });
    } else {
      response.end(isHead ? undefined : body);
    }
  }

  #answerOrForward(
    asked: IncomingMessage,
    url: URL,
    body: Buffer,
    seen: S3Seen,
  ): S3Answer | Promise<S3Answer> {
    const { forwardTo } = this.options;

    return forwardTo === undefined
      ? this.#answer(asked, url, body, seen)
      : forwardS3(forwardTo, asked, body);
  }

  #answer(
    asked: IncomingMessage,
    url: URL,
    body: Buffer,
    seen: S3Seen,
  ): S3Answer {
    const { method = '', headers } = asked;
    try {
      const user = checkSignature(
        { method, target: asked.url ?? '', headers, body },
        {
          users: this.users,
          region: this.options.region ?? 'us-east-1',
          nowMs: this.#nowMs(),
          wrongRegion: this.options.wrongRegion ?? 'named',
        },
      );

      return answerS3({
        bucket: this.#named(asked, url),
        key: seen.key,
        method,
        headers,
        query: url.searchParams,
        body,
        user,
        pageSize: this.options.pageSize ?? 1000,
      });
    } catch (error) {
      if (error instanceof S3Refusal) return refusalXml(error);
      throw error;
    }
  }

  #named(asked: IncomingMessage, url: URL): S3Bucket {
    const inPath = decodeURIComponent(url.pathname.split('/')[1] ?? '');
    if (isVirtualHost(asked) || inPath === BUCKET) return this.bucket;
    throw new S3Refusal(404, 'NoSuchBucket');
  }

  #faultOf(seen: S3Seen): S3Fault | undefined {
    const number = this.requests.length;
    const fault = this.faults.find(
      ({ at, from = 0, method, key, query }) =>
        (at === undefined || at === number) &&
        from <= number &&
        (method === undefined || method === seen.method) &&
        (key?.test(seen.key) ?? true) &&
        (query === undefined || query in seen.query),
    );
    if (fault) {
      fault.times = (fault.times ?? 1) - 1;
      if (fault.times <= 0) this.faults.splice(this.faults.indexOf(fault), 1);
    }

    return fault;
  }
}

/** Undefined where the client went away. */
async function bodyOf(asked: IncomingMessage): Promise<Buffer | undefined> {
  try {
    return Buffer.concat((await asked.toArray()) as Buffer[]);
  } catch {
    return undefined;
  }
}

function isVirtualHost(asked: IncomingMessage): boolean {
  return asked.headers.host?.startsWith(`${BUCKET}.`) === true;
}

function keyOf(asked: IncomingMessage, url: URL): string {
  const parts = url.pathname.split('/').map(decodeURIComponent);
  return parts.slice(isVirtualHost(asked) ? 1 : 2).join('/');
}

function changed(body: Buffer, does: S3Fault['does'] | undefined): Buffer {
  if (does === 'flip') return flipped(body);
  if (does !== 'unlisted') return body;

  return Buffer.from(body.toString().replace(/<Part>.*<\/Part>/gs, ''));
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  if (copy.length > 0) copy.writeUInt8(copy.readUInt8(middle) ^ 1, middle);
  return copy;
}

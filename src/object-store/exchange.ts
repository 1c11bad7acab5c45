import { type Agent, type IncomingMessage, request } from 'node:http';

/** One request over HTTP and its whole answer. */

export interface HttpRequest {
  readonly method: string;
  readonly host: string;
  readonly port: number;
  /** With its query, encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** An answer with more is broken off. */
  readonly mostAnswerBytes: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** After which an exchange is broken off. */
export interface ExchangeLimits {
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** From the beginning to the end of the answer. */
  readonly wholeMs: number;
}

/** Sends a body: all at once, or as slowly as it may. */
export type SendBody = (
  write: (piece: Buffer) => Promise<void>,
  body: Buffer,
) => Promise<void>;

/** How an exchange is made. */
export interface ExchangeWays {
  readonly agent: Agent;
  readonly limits: ExchangeLimits;
  readonly signal: AbortSignal;
}

/**
 * Makes one exchange.
 * @throws {Error} the system's, or one that says that a time-out passed or that the answer is cut off or too long
 */
export function exchange(
  asked: HttpRequest,
  { agent, limits, signal }: ExchangeWays,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { method, host, port, path, headers } = asked;
    const call = request({ agent, method, host, port, path, headers, signal });
    const breakOff = (why: string): void => {
      call.destroy(brokenOff(why));
    };

    const timer = setTimeout(() => {
      breakOff(`no end within ${String(limits.wholeMs / 1000)} s`);
    }, limits.wholeMs);

    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };

    call.setTimeout(limits.idleMs, () => {
      breakOff(`nothing came within ${String(limits.idleMs / 1000)} s`);
    });
    call.on('error', fail);
    call.on('response', (response) => {
      readAnswer(response, asked).then((answer) => {
        clearTimeout(timer);
        resolve(answer);
      }, fail);
    });
    call.end(asked.body);
  });
}

/** Returns the error of an exchange that was given up, with a code of its own. */
export function brokenOff(why: string): Error {
  return Object.assign(new Error(why), { code: 'BROKEN_OFF' });
}

async function readAnswer(
  response: IncomingMessage,
  asked: HttpRequest,
): Promise<HttpAnswer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;

  for await (const piece of response as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > asked.mostAnswerBytes) {
      throw brokenOff('the answer is longer than it may be');
    }

    pieces.push(piece);
  }

  const announced = response.headers['content-length'];
  const isCut =
    asked.method !== 'HEAD' &&
    announced !== undefined &&
    Number(announced) !== sizeBytes;
  if (isCut || !response.complete) throw brokenOff('the answer is cut off');

  return {
    status: response.statusCode ?? 0,
    headers: response.headers as HttpAnswer['headers'],
    body: Buffer.concat(pieces),
  };
}

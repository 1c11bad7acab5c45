import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  request,
} from 'node:http';
import type { UploadLimit } from './upload-limit.js';

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

/** Whoever refuses may say why. */
const MOST_REFUSAL_BYTES = 1 << 20;

/** How an exchange is made. */
export interface ExchangeWays {
  readonly agent: Agent;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** From the beginning to the end of the answer. */
  readonly wholeMs: number;
  readonly uploadLimit?: UploadLimit | undefined;
  /** Breaks it off. */
  readonly signal: AbortSignal;
}

/**
 * Makes one exchange.
 * @throws {Error} the system's · `BROKEN_OFF`: a time-out passed, or the answer is cut off · `TOO_LONG`
 */
export async function exchange(
  asked: HttpRequest,
  ways: ExchangeWays,
): Promise<HttpAnswer> {
  const { method, host, port, path, headers } = asked;
  const { agent, idleMs, wholeMs, signal } = ways;
  const call = request({ agent, method, host, port, path, headers, signal });

  call.setTimeout(idleMs, () => {
    call.destroy(brokenOff(`nothing came within ${idleMs / 1000} s`));
  });
  const timer = setTimeout(() => {
    call.destroy(brokenOff(`no end within ${wholeMs / 1000} s`));
  }, wholeMs);

  try {
    const answer = answerOf(call);
    // What is said early, before all was sent, is an answer; what breaks without one is an error of the answer's too.
    sendBody(call, asked.body, ways).catch((error: unknown) => {
      call.destroy(error as Error);
    });

    return await readAnswer(await answer, asked);
  } finally {
    clearTimeout(timer);
    call.on('error', () => undefined);
  }
}

/** Returns the error of an exchange that was given up. */
export function brokenOff(why: string): Error {
  return Object.assign(new Error(why), { code: 'BROKEN_OFF' });
}

function answerOf(call: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    call.once('response', resolve);
    call.on('error', reject);
  });
}

async function sendBody(
  call: ClientRequest,
  body: Buffer,
  { uploadLimit, signal }: ExchangeWays,
): Promise<void> {
  if (!uploadLimit) {
    call.end(body);
    return;
  }

  const { pieceBytes } = uploadLimit;
  for (let at = 0; at < body.length; at += pieceBytes) {
    const piece = body.subarray(at, at + pieceBytes);
    await uploadLimit.take(piece.length, signal);
    if (call.destroyed) return;
    await written(call, piece);
  }

  call.end();
}

function written(call: ClientRequest, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    call.write(piece, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

async function readAnswer(
  response: IncomingMessage,
  { method, mostAnswerBytes }: HttpRequest,
): Promise<HttpAnswer> {
  const { statusCode: status = 0 } = response;
  const mostBytes = status < 300 ? mostAnswerBytes : MOST_REFUSAL_BYTES;
  const pieces: Buffer[] = [];
  let sizeBytes = 0;

  for await (const piece of response as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > mostBytes) {
      throw Object.assign(new Error('the answer is longer than it may be'), {
        code: 'TOO_LONG',
      });
    }

    pieces.push(piece);
  }

  const announced = response.headers['content-length'];
  const isCut =
    method !== 'HEAD' &&
    announced !== undefined &&
    Number(announced) !== sizeBytes;
  if (isCut || !response.complete) throw brokenOff('the answer is cut off');

  return {
    status,
    headers: response.headers as HttpAnswer['headers'],
    body: Buffer.concat(pieces, sizeBytes),
  };
}

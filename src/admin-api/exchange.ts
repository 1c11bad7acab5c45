import { type IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { messageOf } from '../errors.js';
import { describeHttpsAddress } from '../platform/https-address.js';
import type { AdminServer } from './address.js';
import { AdminRefusedError, AdminUnreachableError } from './fault.js';
import { connectTrusted } from './trust.js';

interface Question {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A body, and the cookies that came with it as the server wrote them. */
export interface Exchanged {
  readonly body: string;
  readonly setCookies: readonly string[];
}

const PATH = '/admin/api/jsonrpc/';
/** A page of a log has at most 50,000 lines of 1,024 characters. */
const MOST_BYTES = 128 * 1024 ** 2;

/** A server that says a byte now and then is never silent, and never done. */
const USUAL_ANSWER_MS = 600_000;

/**
 * Sends one question and waits for its answer. Each has a connection of its own: whom it goes to is looked at each time, and none
 * breaks off that was left alone for too long. Redirections are not followed, and no proxy is used.
 * @throws {UntrustedServerError} · {AdminUnreachableError} it may have been done · {AdminRefusedError} who we are is not let in
 */
export async function exchange(
  server: AdminServer,
  question: Question,
  signal: AbortSignal,
): Promise<Exchanged> {
  const { answerMs = USUAL_ANSWER_MS } = server;
  const limit = AbortSignal.timeout(answerMs);

  try {
    return await exchangeOnce(
      server,
      question,
      AbortSignal.any([signal, limit]),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted) throw error;

    throw new AdminUnreachableError(
      `${describeHttpsAddress(server)} gave no whole answer within ${Math.round(answerMs / 1000)} s`,
      error,
    );
  }
}

async function exchangeOnce(
  server: AdminServer,
  question: Question,
  signal: AbortSignal,
): Promise<Exchanged> {
  const socket = await connectTrusted(server, signal);

  try {
    const response = await send(server, socket, question, signal);
    const body = await readBody(response);
    refuseStatus(server, response.statusCode ?? 0);

    return { body, setCookies: response.headers['set-cookie'] ?? [] };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AdminRefusedError) throw error;
    if (error instanceof AdminUnreachableError) throw error;

    throw new AdminUnreachableError(
      `${describeHttpsAddress(server)} gave no whole answer: ${messageOf(error)}`,
      error,
    );
  } finally {
    socket.destroy();
  }
}

function send(
  { host, port }: AdminServer,
  socket: TLSSocket,
  { body, headers }: Question,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request({
      host,
      port,
      path: PATH,
      method: 'POST',
      headers: {
        ...headers,
        Accept: 'application/json-rpc',
        'Content-Type': 'application/json-rpc',
        'Content-Length': String(Buffer.byteLength(body)),
      },
      createConnection: () => socket,
      signal,
    });

    call.once('response', resolve);
    call.once('error', reject);
    call.end(body);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;

  for await (const piece of response as AsyncIterable<Buffer>) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new Error('it does not end');
  }

  return Buffer.concat(pieces).toString('utf8');
}

/** @throws for everything but 200 */
function refuseStatus(server: AdminServer, status: number): void {
  if (status === 200) return;

  const name = describeHttpsAddress(server);

  if (status === 403) {
    throw new AdminRefusedError(`${name} lets nobody in from here`, undefined, [
      'Look at the access to the web administration in the server: from which addresses it may be used.',
    ]);
  }

  throw new AdminUnreachableError(`${name} answered with HTTP ${status}`);
}

import { type IncomingMessage, request } from 'node:http';
import type { S3Answer } from './s3-requests.js';

/** What belongs to one connection and not to the answer; the length is told anew. */
const OF_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding'];

/** Asks a real server the same, with the same signature. One that is away answers nothing here either. */
export async function forwardS3(
  endpoint: string,
  asked: IncomingMessage,
  body: Buffer,
): Promise<S3Answer> {
  const { method = 'GET', url: path = '/', headers } = asked;
  const { hostname, port } = new URL(endpoint);

  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(
      { hostname, port, method, path, headers, setHost: false },
      resolve,
    );
    sent.on('error', reject);
    sent.end(body);
  });
  const bytes = Buffer.concat((await answer.toArray()) as Buffer[]);

  const told = Object.entries(answer.headers).filter(
    ([name]) =>
      !OF_CONNECTION.includes(name) &&
      (name !== 'content-length' || method === 'HEAD'),
  );

  return {
    status: answer.statusCode ?? 500,
    headers: Object.fromEntries(told) as Record<string, string>,
    body: bytes,
  };
}

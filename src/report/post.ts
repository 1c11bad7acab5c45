import { messageOf } from '../errors.js';
import { maskSecrets } from '../platform/secret.js';

/** What is posted, and how long anybody waits for it. */
export interface Post {
  readonly body: string;
  readonly contentType: string;
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Posts to an address; a login in it goes along as HTTP's basic login. Never throws.
 * @returns what went wrong, behind the words `call to HOST`: the rest of an address is a secret of its owner; undefined: nothing
 */
export async function post(
  address: URL,
  { body, contentType, limitMs, signal }: Post,
): Promise<string | undefined> {
  const target = new URL(address);

  try {
    const headers = { 'content-type': contentType, ...takeLogin(target) };
    const ends = [AbortSignal.timeout(limitMs), ...(signal ? [signal] : [])];

    const answer = await fetch(target, {
      method: 'POST',
      body,
      headers,
      signal: AbortSignal.any(ends),
    });

    await answer.body?.cancel();

    return answer.ok ? undefined : `was answered with ${String(answer.status)}`;
  } catch (error) {
    const secrets = [target.href, address.href];

    return `failed: ${maskSecrets(reasonOf(error, limitMs), secrets)}`;
  }
}

/** fetch takes no address with a login in it: moves it into a header (RFC 7617). */
function takeLogin(address: URL): { authorization?: string } {
  const { username, password } = address;
  if (username === '' && password === '') return {};

  address.username = '';
  address.password = '';

  const login = Buffer.from(
    `${decodeURIComponent(username)}:${decodeURIComponent(password)}`,
  ).toString('base64');

  return { authorization: `Basic ${login}` };
}

/** fetch says "fetch failed" and keeps the fact in the cause. */
function reasonOf(error: unknown, limitMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return `no answer within ${String(limitMs / 1000)} s`;
  }

  if (error instanceof Error && error.name === 'InterruptedError') {
    return 'stopped with the run';
  }

  return messageOf(
    error instanceof Error && error.cause !== undefined ? error.cause : error,
  );
}

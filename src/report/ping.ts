import { messageOf } from '../errors.js';
import { maskSecrets } from '../platform/secret.js';
import type { IniSettings } from '../settings/ini-settings.js';
import type { StepLimits } from './run-report.js';

export type PingEvent = 'start' | 'success' | 'fail';

const DEFAULT_TIMEOUT_MS = 10_000;
const PATHS: Readonly<Record<PingEvent, string>> = {
  start: '/start',
  success: '',
  fail: '/fail',
};

/**
 * Calls the ping address: `URL/start`, `URL`, `URL/fail`, with `text` as its body; a login in the address goes along as
 * HTTP's basic login. Never throws: a call that fails is a returned warning, which names the host alone, because the
 * rest of the address is a secret of its owner.
 */
export async function ping(
  { url, timeoutMs = DEFAULT_TIMEOUT_MS }: IniSettings['ping'],
  event: PingEvent,
  text: string,
  { mostMs, signal }: StepLimits,
): Promise<string[]> {
  if (url === undefined) return [];

  const address = new URL(url);
  const limitMs = Math.min(timeoutMs, mostMs ?? timeoutMs);

  try {
    const headers = {
      'content-type': 'text/plain; charset=utf-8',
      ...takeLogin(address),
    };

    address.pathname = address.pathname.replace(/\/$/, '') + PATHS[event];

    const ends = [AbortSignal.timeout(limitMs), ...(signal ? [signal] : [])];

    const answer = await fetch(address, {
      method: 'POST',
      body: text,
      headers,
      signal: AbortSignal.any(ends),
    });

    await answer.body?.cancel();

    return answer.ok
      ? []
      : [
          `the ${event} ping to ${address.host} was answered with ${String(answer.status)}`,
        ];
  } catch (error) {
    const reason = maskSecrets(reasonOf(error, limitMs), [address.href, url]);
    return [`the ${event} ping to ${address.host} failed: ${reason}`];
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

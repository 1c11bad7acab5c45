import type { IniSettings } from '../settings/ini-settings.js';
import { post } from './post.js';
import type { StepLimits } from './run-report.js';

export type PingEvent = 'start' | 'success' | 'fail';

const DEFAULT_TIMEOUT_MS = 10_000;
const PATHS: Readonly<Record<PingEvent, string>> = {
  start: '/start',
  success: '',
  fail: '/fail',
};

/**
 * Calls the ping address: `URL/start`, `URL`, `URL/fail`, with `text` as its body. Never throws: a call that fails is a returned
 * warning, which names the host alone.
 */
export async function ping(
  { url, timeoutMs = DEFAULT_TIMEOUT_MS }: IniSettings['ping'],
  event: PingEvent,
  text: string,
  { mostMs, signal }: StepLimits,
): Promise<string[]> {
  if (url === undefined) return [];

  const address = new URL(url);
  address.pathname = address.pathname.replace(/\/$/, '') + PATHS[event];

  const problem = await post(address, {
    body: text,
    contentType: 'text/plain; charset=utf-8',
    limitMs: Math.min(timeoutMs, mostMs ?? timeoutMs),
    signal,
  });

  return problem === undefined
    ? []
    : [`the ${event} ping to ${address.host} ${problem}`];
}

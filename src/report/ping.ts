import { messageOf } from '../errors.js';
import type { IniSettings } from '../server/ini-settings.js';
import type { StepLimits } from './run-report.js';

export type PingEvent = 'start' | 'success' | 'fail';

const DEFAULT_TIMEOUT_MS = 10_000;
const PATHS: Readonly<Record<PingEvent, string>> = { start: '/start', success: '', fail: '/fail' };

/**
 * Calls the ping address: `URL/start`, `URL`, `URL/fail`, with `text` as its body. Never throws: a call that fails is a
 * returned warning, which names the host alone, because the rest of the address is a secret of its owner.
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
  const limitMs = Math.min(timeoutMs, mostMs ?? timeoutMs);
  try {
    const ends = [AbortSignal.timeout(limitMs), ...(signal ? [signal] : [])];
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    const answer = await fetch(address, { method: 'POST', body: text, headers, signal: AbortSignal.any(ends) });
    await answer.body?.cancel();
    return answer.ok ? [] : [`the ${event} ping to ${address.host} was answered with ${String(answer.status)}`];
  } catch (error) {
    return [`the ${event} ping to ${address.host} failed: ${reasonOf(error, limitMs)}`];
  }
}

/** fetch says "fetch failed" and keeps the fact in the cause. */
function reasonOf(error: unknown, limitMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${String(limitMs / 1000)} s`;
  if (error instanceof Error && error.name === 'InterruptedError') return 'stopped with the run';
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}

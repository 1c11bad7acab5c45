import { readMessageHeaders } from '../mail/message-headers.js';
import type { MessageToPut } from './request.js';

/** The first second that many servers cannot count any more: 2038-01-19. */
const END_OF_TIME_MS = 2 ** 31 * 1000;

/**
 * The date that a server is given for a message. A file without a time, of 1601 or of a year with five digits has one that a server refuses,
 * or replaces without a word: the message's own Date header stands for it then. Undefined: there is none, and the server takes the
 * present. Pure.
 */
export function receivedAtOf({
  receivedAt,
  bytes,
}: Pick<MessageToPut, 'receivedAt' | 'bytes'>): Date | undefined {
  if (isKept(receivedAt)) return receivedAt;

  const { date } = readMessageHeaders(bytes);

  return date && isKept(date) ? date : undefined;
}

function isKept(date: Date): boolean {
  const ms = date.getTime();

  return ms > 0 && ms < END_OF_TIME_MS;
}

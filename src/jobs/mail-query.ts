/** The messages that a command's flags look for. */
import { type MessageQuery, parseMessageQuery } from '../mail/message-query.js';
import { parseQueryTime } from '../mail/query-time.js';
import { systemClock } from '../platform/clock.js';

/** The flags that say which messages are looked for. */
export interface QueryFlags {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly subject?: string | undefined;
  readonly 'message-id'?: string | undefined;
  readonly since?: string | undefined;
  readonly before?: string | undefined;
  readonly text?: string | undefined;
}

/** @returns the query, or undefined where no flag asks for anything  @throws {UsageError} for an empty text or no date */
export function toQuery(flags: QueryFlags): MessageQuery | undefined {
  const { from, to, subject, since, before, text } = flags;
  const given = {
    from,
    to,
    subject,
    messageId: flags['message-id'],
    since,
    before,
    text,
  };

  if (Object.values(given).every((value) => value === undefined)) {
    return undefined;
  }

  const now = systemClock();

  return parseMessageQuery(given, (text) => parseQueryTime(text, now));
}

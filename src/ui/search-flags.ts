import { Flags } from '@oclif/core';
import { type MessageQuery, parseMessageQuery } from '../mail/message-query.js';
import { parseQueryTime } from '../mail/query-time.js';

/** The flags that say which messages are looked for. */
export const searchFlags = {
  from: Flags.string({ helpValue: 'TEXT', summary: 'Sender holds this.' }),
  to: Flags.string({ helpValue: 'TEXT', summary: 'To, Cc or Bcc hold this.' }),
  subject: Flags.string({ helpValue: 'TEXT', summary: 'Subject holds this.' }),
  'message-id': Flags.string({
    helpValue: 'ID',
    summary: 'The message of this Message-ID.',
  }),
  since: Flags.string({
    helpValue: 'DAY',
    summary: 'Dated on or after 2026-11-17 (local), or an RFC 3339 time.',
  }),
  before: Flags.string({
    helpValue: 'DAY',
    summary: 'Dated before that day or time.',
  }),
  text: Flags.string({
    helpValue: 'TEXT',
    summary: 'Subject, text or the name of an attachment hold this.',
  }),
};

interface SearchValues {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly subject?: string | undefined;
  readonly 'message-id'?: string | undefined;
  readonly since?: string | undefined;
  readonly before?: string | undefined;
  readonly text?: string | undefined;
}

/** @returns the query, or undefined where no flag asks for anything  @throws {UsageError} for an empty text or no date */
export function toQuery(flags: SearchValues): MessageQuery | undefined {
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

  return parseMessageQuery(given, parseQueryTime);
}

import { Flags } from '@oclif/core';

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

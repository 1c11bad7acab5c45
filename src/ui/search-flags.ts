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
    helpValue: 'TIME',
    summary:
      'Dated at or after this: 2026-11-17, "2026-11-17 09:30", yesterday, monday, 7d, 2w.',
  }),
  before: Flags.string({
    helpValue: 'TIME',
    summary: 'Dated before this; a day itself is out.',
  }),
  text: Flags.string({
    helpValue: 'TEXT',
    summary: 'Subject, text or the name of an attachment hold this.',
  }),
};

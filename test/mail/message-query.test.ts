import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { foldText } from '../../src/mail/fold-text.js';
import { readMessageHeaders } from '../../src/mail/message-headers.js';
import {
  cannotHoldText,
  matchesHeaders,
  matchesText,
  parseMessageQuery,
  type QueryText,
} from '../../src/mail/message-query.js';
import { readBodyText } from '../../src/mail/mime-text.js';
import { parseQueryTime } from '../../src/mail/query-time.js';

const raw = Buffer.from(
  'From: =?utf-8?q?J=C3=BCrgen_Stra=C3=9Fer?= <js@example.com>\r\nTo: a@example.com\r\nCc: Carol <carol@example.com>\r\n' +
    'Subject: Quarterly  figures\r\nDate: Tue, 17 Nov 2026 09:30:00 +0100\r\nMessage-ID: <AbC@example.com>\r\n\r\nsee the\r\nattached file\r\n',
);
const headers = readMessageHeaders(raw);
/** A Thursday. */
const now = new Date(2026, 10, 26, 15, 30);
const query = (text: QueryText) =>
  parseMessageQuery(text, (time) => parseQueryTime(time, now));
const matches = (text: QueryText): boolean =>
  matchesHeaders(query(text), headers);

describe('a query', () => {
  it('ignores case, accents and white space', () => {
    expect(matches({ from: 'jurgen strasser' })).toBe(true);
    expect(matches({ from: 'JÜRGEN' })).toBe(true);
    expect(matches({ subject: 'quarterly figures' })).toBe(true);
    expect(matches({ subject: 'quarterly report' })).toBe(false);
    expect(foldText('Łódź, Ærø,  ŠKODA, Ärzte')).toBe(
      'lodz, aero, skoda, arzte',
    );
  });

  it('looks for --to in Cc too, and wants all criteria at once', () => {
    expect(matches({ to: 'carol' })).toBe(true);
    expect(matches({ to: 'carol', from: 'carol' })).toBe(false);
  });

  it('takes the whole Message-ID with or without brackets, in any case', () => {
    expect(matches({ messageId: '<abc@example.com>' })).toBe(true);
    expect(matches({ messageId: 'AbC@example.com' })).toBe(true);
    expect(matches({ messageId: 'AbC@example' })).toBe(false);
  });

  it('counts --since in and --before out', () => {
    expect(matches({ since: '2026-11-17T08:30:00Z' })).toBe(true);
    expect(matches({ since: '2026-11-17T09:30:01+01:00' })).toBe(false);
    expect(matches({ before: '2026-11-17T08:30:00Z' })).toBe(false);
    expect(matches({ before: '2026-11-17T08:30:01Z' })).toBe(true);
  });

  it('judges a message without a date by when it was received, and by nothing else', () => {
    const dateless = readMessageHeaders(Buffer.from('Subject: x\n\n'));
    const since = query({ since: '2026-01-01' });
    expect(matchesHeaders(since, dateless)).toBe(false);
    expect(matchesHeaders(since, dateless, new Date('2026-06-01'))).toBe(true);
  });

  it.each<QueryText>([
    { subject: '' },
    { text: ' ' },
    { messageId: '<>' },
    { since: 'yesteryear' },
    { since: '7' },
    { since: 'yesterday', before: '7d' },
    { since: '2026-02-31' },
    { before: '2026-11-17T25:00' },
    { since: '2026-11-18', before: '2026-11-18' },
  ])('is refused as %j', (text) => {
    expect(() => query(text)).toThrow(UsageError);
  });

  it('finds text in subject and body, across line ends', async () => {
    const body = await readBodyText(raw);
    expect(matchesText(query({ text: 'the attached' }), headers, body)).toBe(
      true,
    );
    expect(matchesText(query({ text: 'FIGURES' }), headers, body)).toBe(true);
    expect(matchesText(query({ text: 'invoice' }), headers, body)).toBe(false);
  });

  it('judges by raw bytes only where these are the text', () => {
    const plain = Buffer.from('Subject: x\n\nplain words\n');
    expect(cannotHoldText(query({ text: 'invoice' }), plain)).toBe(true);
    expect(cannotHoldText(query({ text: 'PLAIN  words' }), plain)).toBe(false);
    expect(cannotHoldText(query({ text: 'words plain' }), plain)).toBe(true);
    expect(
      cannotHoldText(
        query({ text: 'x plain WORDS' }),
        Buffer.from('x\r\n\tplain\r\nwords'),
      ),
    ).toBe(false);
    for (const marker of [
      'Content-Transfer-Encoding: BASE64',
      'Content-Type: TEXT/html',
      'Subject: =?utf-8?q?x?=',
      'ü',
    ]) {
      expect(
        cannotHoldText(
          query({ text: 'invoice' }),
          Buffer.from(`${marker}\n\nplain`),
        ),
      ).toBe(false);
    }
  });
});

describe('parseQueryTime', () => {
  it('takes a day from its first moment in the local zone', () => {
    expect(parseQueryTime('2026-11-17', now)).toEqual(new Date(2026, 10, 17));
    expect(parseQueryTime('2026-11-17T09:30', now)).toEqual(
      new Date(2026, 10, 17, 9, 30),
    );
    expect(parseQueryTime('2026-11-17T09:30:00+01:00', now)).toEqual(
      new Date('2026-11-17T08:30:00Z'),
    );
    expect(parseQueryTime('2026-11-17 08:30Z', now)).toEqual(
      new Date('2026-11-17T08:30:00Z'),
    );
  });

  it.each([
    ['today', new Date(2026, 10, 26)],
    ['Yesterday', new Date(2026, 10, 25)],
    ['thursday', new Date(2026, 10, 26)],
    ['friday', new Date(2026, 10, 20)],
    ['mon', new Date(2026, 10, 23)],
    [' 2w ', new Date(2026, 10, 12, 15, 30)],
    ['1h30m', new Date(2026, 10, 26, 14, 0)],
    ['2026-11-01 14:00', new Date(2026, 10, 1, 14, 0)],
  ])('takes a word for a day, and how long ago: %s', (text, time) => {
    expect(parseQueryTime(text, now)).toEqual(time);
  });

  it.each(['mo', 'm', 'someday', '7', '7x', '', '99999999w', '2026-02-31'])(
    'takes nothing else: %j',
    (text) => {
      expect(parseQueryTime(text, now)).toBeUndefined();
    },
  );
});

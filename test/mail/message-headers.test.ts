import { describe, expect, it } from 'vitest';
import {
  holdsAllHeaders,
  readMessageHeaders,
} from '../../src/mail/message-headers.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const mail = (...lines: string[]): Buffer =>
  bytes([...lines, '', 'body', ''].join('\r\n'));

describe('readMessageHeaders', () => {
  it('reads the headers people know a message by', () => {
    const headers = readMessageHeaders(
      mail(
        'From: Alice <alice@example.com>',
        'To: bob@example.com,',
        '\tCarol <carol@example.com>',
        'Cc: dave@example.com',
        'Subject: The figures',
        'Date: Tue, 17 Nov 2026 09:30:00 +0100',
        'Message-ID: <1.2@example.com>',
      ),
    );
    expect(headers).toEqual({
      from: 'Alice <alice@example.com>',
      to: 'bob@example.com, Carol <carol@example.com>',
      cc: 'dave@example.com',
      bcc: '',
      subject: 'The figures',
      messageId: '1.2@example.com',
      date: new Date('2026-11-17T08:30:00Z'),
    });
  });

  it('joins encoded words, also where a character is split between two of them', () => {
    expect(
      readMessageHeaders(
        mail(
          'Subject: =?utf-8?q?=C3?=',
          ' =?utf-8?q?=84rzte?= und =?iso-8859-2?B?6A==?=',
        ),
      ).subject,
    ).toBe('Ärzte und č');
  });

  it('reads what a careless sender left undecoded: UTF-8, the charset of the message, or Western', () => {
    expect(readMessageHeaders(bytes('Subject: \xc3\x84rzte\n\n')).subject).toBe(
      'Ärzte',
    );
    const czech =
      'Content-Type: text/plain;\n charset="windows-1250"\nSubject: \x8elut\xfd\n\n';
    expect(readMessageHeaders(bytes(czech)).subject).toBe('Žlutý');
    expect(
      readMessageHeaders(
        bytes(
          'Content-Type: text/plain; charset=x-martian\nSubject: \xc4rzte\n\n',
        ),
      ).subject,
    ).toBe('Ärzte');
    expect(
      readMessageHeaders(bytes('Subject: =?x-martian?q?plain?=\n\n')).subject,
    ).toBe('plain');
    expect(
      readMessageHeaders(bytes('Subject: =?utf-8?b?***broken\n\n')).subject,
    ).toBe('=?utf-8?b?***broken');
  });

  it('gives empty headers for a message without any, and for no bytes at all', () => {
    for (const raw of [
      '',
      '\r\nSubject: in the body\r\n',
      'just text',
      '\0\0\0',
      ':::\n\n',
    ]) {
      expect(readMessageHeaders(bytes(raw))).toMatchObject({
        from: '',
        subject: '',
        messageId: '',
        date: undefined,
      });
    }
  });

  it('takes the first of two Subjects and never a line of the body', () => {
    expect(
      readMessageHeaders(
        bytes('Subject: one\nSubject: two\n\nSubject: three\n'),
      ).subject,
    ).toBe('one');
    expect(
      readMessageHeaders(bytes('From: a@b\r\n\r\nSubject: body\r\n')).subject,
    ).toBe('');
    expect(
      readMessageHeaders(bytes('From: a@b\n\nX: y\r\n\r\nSubject: body\r\n'))
        .subject,
    ).toBe('');
  });

  it('reads header lines with mixed line ends, spaces before the colon and any case', () => {
    expect(
      readMessageHeaders(
        bytes('SUBJECT : one\r\nmessage-id:<a@b>\nfrom:\r\n x@y\r\n\r\n'),
      ),
    ).toMatchObject({
      subject: 'one',
      messageId: 'a@b',
      from: 'x@y',
    });
  });

  it('reads a header block of megabytes without its end within the limit, and quickly', () => {
    const long = Buffer.concat([
      bytes('Subject: first\r\n'),
      Buffer.alloc(20_000_000, 'X-Junk: y\r\n'),
    ]);
    const before = process.cpuUsage();
    expect(readMessageHeaders(long).subject).toBe('first');
    const { user, system } = process.cpuUsage(before);
    // A tenth of that; a reader that looks at each byte again and again takes minutes.
    expect((user + system) / 1000).toBeLessThan(5000);
  });

  it('falls back on the newest Received header where Date is missing or senseless', () => {
    const received =
      'Received: from a by b; Tue,\r\n 17 Nov 2026 10:00:00 +0000 (UTC)';
    const older = 'Received: from c by a; Mon, 16 Nov 2026 10:00:00 +0000';
    expect(
      readMessageHeaders(mail(received, older, 'Date: soon')).date,
    ).toEqual(new Date('2026-11-17T10:00:00Z'));
  });

  it('says whether the bytes at hand hold the whole header block', () => {
    expect(holdsAllHeaders(bytes('Subject: a\r\nFrom: '))).toBe(false);
    expect(holdsAllHeaders(bytes('Subject: a\r\n\r\nbo'))).toBe(true);
    expect(holdsAllHeaders(bytes('\r\nno headers'))).toBe(true);
    expect(holdsAllHeaders(Buffer.alloc(256 * 1024, 'x'))).toBe(true);
  });
});

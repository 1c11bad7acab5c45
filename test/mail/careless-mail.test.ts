import { describe, expect, it } from 'vitest';
import { guessCharset } from '../../src/mail/guess-charset.js';
import { readMessageHeaders } from '../../src/mail/message-headers.js';
import { readBodyText } from '../../src/mail/mime-text.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const subjectOf = (raw: string): string =>
  readMessageHeaders(bytes(raw)).subject;

/** Text in charsets that Node writes none of. */
const KOI8 = {
  'Счёт за ноябрь': '\xf3\xde\xa3\xd4 \xda\xc1 \xce\xcf\xd1\xc2\xd2\xd8',
  Привет: '\xf0\xd2\xc9\xd7\xc5\xd4',
};
const JIS = { こんにちは: '\x1b$B$3$s$K$A$O\x1b(B' };

describe('headers as mail clients read them', () => {
  it.each([
    ['CR alone', '\r'],
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CRs before LF', '\r\r\n'],
  ])('end their lines with %s', async (_, end) => {
    const raw = [
      'From: a@example.com',
      'Subject: one',
      '\ttwo',
      'Date: Tue, 17 Nov 2026 09:30:00 +0100',
      '',
      'the words',
      '',
    ];
    const headers = readMessageHeaders(bytes(raw.join(end)));
    expect(headers).toMatchObject({
      from: 'a@example.com',
      subject: 'one two',
      date: new Date('2026-11-17T08:30:00Z'),
    });
    expect(await readBodyText(bytes(raw.join(end)))).toContain('the words');
  });

  it('may mix their line ends', () => {
    expect(
      subjectOf('From: a\rTo: b\nSubject: mixed\r\n\r\nSubject: body\r'),
    ).toBe('mixed');
    expect(subjectOf('From: a\rTo: b\r\rSubject: body\r')).toBe('');
  });

  it('end at the first line that is none where no empty line does', async () => {
    const raw = bytes(
      'From: a@example.com\r\nSubject: no gap\r\nDear Bob,\r\nsee you: tomorrow.\r\nBye\r\n\r\nSubject: not this\r\nlast\r\n',
    );
    expect(readMessageHeaders(raw)).toMatchObject({
      subject: 'no gap',
      from: 'a@example.com',
    });
    const text = await readBodyText(raw);
    for (const words of ['Dear Bob', 'see you: tomorrow.', 'last']) {
      expect(text).toContain(words);
    }

    expect(await readBodyText(bytes('only words\nand more\n'))).toContain(
      'only words',
    );
  });

  it('go on behind a broken line among them', () => {
    expect(subjectOf('From: a\nbroken line\nSubject: still\n\nbody\n')).toBe(
      'still',
    );
    expect(
      subjectOf(
        'From a@b Tue Nov 17 09:30:00 2026\nSubject: of an mbox\n\nbody\n',
      ),
    ).toBe('of an mbox');
  });
});

describe('encoded words', () => {
  const whole = 'Ärzte für Größen';
  const utf8 = Buffer.from(whole);

  it.each(Array.from({ length: utf8.length - 1 }, (_, at) => at + 1))(
    'may be cut within a character: at byte %i',
    (at) => {
      const [left, right] = [utf8.subarray(0, at), utf8.subarray(at)];
      const q = (part: Buffer): string =>
        [...part]
          .map((byte) => `=${byte.toString(16).padStart(2, '0')}`)
          .join('');
      const b = (part: Buffer): string => part.toString('base64');
      expect(
        subjectOf(
          `Subject: =?utf-8?Q?${q(left)}?=\r\n =?UTF-8?q?${q(right)}?=\r\n\r\n`,
        ),
      ).toBe(whole);
      expect(
        subjectOf(
          `Subject: =?utf-8?B?${b(left)}?= =?utf-8?B?${b(right)}?=\r\n\r\n`,
        ),
      ).toBe(whole);
      expect(
        subjectOf(
          `Subject: =?utf-8?B?${b(left)}?= =?utf-8?Q?${q(right)}?=\r\n\r\n`,
        ),
      ).toBe(whole);
    },
  );

  it('may be cut within a quantum of base64', () => {
    const digits = utf8.toString('base64');
    for (let at = 1; at < digits.length; at++) {
      const [left, right] = [digits.slice(0, at), digits.slice(at)];
      expect(
        subjectOf(`Subject: =?utf-8?B?${left}?=\n =?utf-8?B?${right}?=\n\n`),
      ).toBe(whole);
    }
  });

  it('may name a language, hold spaces, and stand beside raw bytes', () => {
    expect(subjectOf('Subject: =?utf-8*de?Q?=C3=84rzte?=\n\n')).toBe('Ärzte');
    expect(subjectOf('Subject: =?utf-8?Q?=C3=84rzte und mehr?=\n\n')).toBe(
      'Ärzte und mehr',
    );
    expect(
      subjectOf('Subject: =?koi8-r?B?8NLJ18XU?= \xf3\xde\xa3\xd4\n\n'),
    ).toBe('Привет Счёт');
    const words = ['\x1b$B$3$s\x1b(B', '\x1b$B$K$A$O\x1b(B'].map(
      (part) => `=?iso-2022-jp?B?${bytes(part).toString('base64')}?=`,
    );
    expect(subjectOf(`Subject: ${words.join('\n ')}\n\n`)).toBe('こんにちは');
    expect(subjectOf('Subject: =?utf-8?b?***broken\n\n')).toBe(
      '=?utf-8?b?***broken',
    );
  });

  it('are read in forwarded messages and names of attachments too', async () => {
    const [left, right] = [
      utf8.subarray(0, 1).toString('base64'),
      utf8.subarray(1).toString('base64'),
    ];
    const words = `=?utf-8?B?${left}?= =?utf-8?B?${right}?=`;
    const raw = [
      'Content-Type: multipart/mixed; boundary=b',
      ...[
        '',
        '--b',
        'Content-Type: message/rfc822',
        '',
        `Subject: ${words}`,
        '',
        'inner',
      ],
      ...[
        '--b',
        `Content-Type: application/pdf; name="${words}.pdf"`,
        'Content-Transfer-Encoding: base64',
        '',
        'eHg=',
        '--b--',
        '',
      ],
    ].join('\r\n');
    const text = await readBodyText(bytes(raw));
    expect(text).toContain(`${whole}.pdf`);
    expect(text).toContain(whole + '\n');
  });
});

describe('raw text in a charset that nobody declares', () => {
  it.each([...Object.entries(KOI8), ...Object.entries(JIS)])(
    'is read in headers and body: %s',
    async (text, raw) => {
      expect(subjectOf(`Subject: ${raw}\r\n\r\n`)).toBe(text);
      expect(
        await readBodyText(
          bytes(`From: a@b\r\nSubject: x\r\n\r\nwords ${raw} more\r\n`),
        ),
      ).toContain(`words ${text} more`);
      const parts = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n${raw}\r\n--b\r\n\r\n${raw}!\r\n--b--\r\n`;
      const read = await readBodyText(bytes(parts));
      expect(read).toContain(text);
      expect(read).toContain(`${text}!`);
    },
  );

  it('is read in the charset that the message, or its first part, declares for its text', () => {
    const raw = KOI8['Счёт за ноябрь'];
    expect(
      subjectOf(
        `Content-Type: text/plain; charset="koi8-r"\nSubject: ${raw}\n\n`,
      ),
    ).toBe('Счёт за ноябрь');
    expect(
      subjectOf(
        `Subject: ${raw}\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=koi8-r\n\nx`,
      ),
    ).toBe('Счёт за ноябрь');
  });

  it.each([
    ['utf-8', Buffer.from('Grüße').toString('latin1')],
    ['windows-1252', 'Gr\xfc\xdfe aus K\xf6ln'],
    ['windows-1252', 'R\xe9union \xe0 l\x27\xe9t\xe9'],
    ['windows-1250', 'P\xf8\xedloha: \x9elu\x9dou\xe8k\xfd k\xf9\xf2'],
    ['windows-1250', 'Za\xbf\xf3\xb3\xe6 g\xea\x9cl\xb9 ja\x9f\xf1'],
    ['windows-1251', '\xcf\xf0\xe8\xe2\xe5\xf2, \xf1\xf7\xb8\xf2'],
    ['koi8-r', '\xf0\xf2\xe9\xf7\xe5\xf4 \xed\xe9\xf2'],
    ['koi8-r', '\xf4\xc5\xd3\xd4'],
    ['iso-8859-5', '\xbf\xe0\xd8\xd2\xd5\xe2'],
    ['windows-1253', '\xca\xe1\xeb\xe7\xec\xdd\xf1\xe1'],
    ['shift_jis', '\x83e\x83X\x83g\x82\xcc\x83\x81\x81[\x83\x8b'],
    ['euc-jp', '\xa5\xc6\xa5\xb9\xa5\xc8\xa4\xce'],
    ['gb18030', '\xb2\xe2\xca\xd4\xd3\xca\xbc\xfe'],
    ['euc-kr', '\xc5\xd7\xbd\xba\xc6\xae \xb8\xde\xc0\xcf'],
    ['iso-2022-jp', '\x1b$B$3$s\x1b(B'],
    [undefined, 'plain'],
  ])('is guessed: %s', (charset, raw) => {
    expect(guessCharset(bytes(raw))).toBe(charset);
  });

  it('of a body that declares UTF-8 and is none is guessed too', async () => {
    const raw = `Content-Type: text/plain; charset=utf-8\n\n${KOI8['Счёт за ноябрь']}\n`;
    expect(await readBodyText(bytes(raw))).toContain('Счёт за ноябрь');
  });
});

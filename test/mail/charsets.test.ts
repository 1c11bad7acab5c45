import { describe, expect, it } from 'vitest';
import { formatMboxMessage } from '../../src/mail/mbox.js';
import { readMessageHeaders } from '../../src/mail/message-headers.js';
import { readBodyText } from '../../src/mail/mime-text.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const subjectOf = (raw: string): string =>
  readMessageHeaders(bytes(raw)).subject;
const base64 = (raw: string): string => bytes(raw).toString('base64');
const quoted = (raw: string): string =>
  raw.replace(
    /[^ -<>-~]/g,
    (byte) =>
      `=${byte.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  );

/** Names of charsets as senders write them, a text, and its bytes. */
const NAMED: readonly (readonly [string, string, string])[] = [
  ['iso-8859-1', '5 € “heute”', '5 \x80 \x93heute\x94'],
  ['cp1252', 'Größe', 'Gr\xf6\xdfe'],
  ['win-1251', 'Привет', '\xcf\xf0\xe8\xe2\xe5\xf2'],
  ['koi8r', 'Привет', '\xf0\xd2\xc9\xd7\xc5\xd4'],
  ['iso-8859-8-i', 'שלום', '\xf9\xec\xe5\xed'],
  ['cp850', 'Größe', 'Gr\x94\xe1e'],
  ['ibm437', 'Größe', 'Gr\x94\xe1e'],
  ['cp852', 'Příliš', 'P\xfd\xa1li\xe7'],
  ['cp858', '5 €', '5 \xd5'],
  ['iso-8859-16', 'Română', 'Rom\xe2n\xe3'],
  ['utf8', 'Größe', 'Gr\xc3\xb6\xc3\x9fe'],
  ['unicode', 'Größe', 'Gr\xc3\xb6\xc3\x9fe'],
  ['utf-7', 'Größe + x', 'Gr+APYA3w-e +- x'],
  ['utf-16', 'Größe', '\xff\xfeG\x00r\x00\xf6\x00\xdf\x00e\x00'],
  ['hz-gb-2312', '你好~x', '~{Dc:C~}~~x'],
  ['iso-2022-kr', '안녕 a', '\x1b$)C\x0e>H3g\x0f a'],
  ['euc-cn', '你好', '\xc4\xe3\xba\xc3'],
  ['x-big5', '繁體中文', '\xc1c\xc5\xe9\xa4\xa4\xa4\xe5'],
  ['ks_c_5601-1987', '안녕', '\xbe\xc8\xb3\xe7'],
  ['cp932', '日本語①', '\x93\xfa\x96{\x8c\xea\x87@'],
  [
    'x-unknown',
    'Счёт за ноябрь',
    '\xf3\xde\xa3\xd4 \xda\xc1 \xce\xcf\xd1\xc2\xd2\xd8',
  ],
  ['unknown-8bit', 'Größe', 'Gr\xf6\xdfe'],
  ['us-ascii', 'Größe', 'Gr\xc3\xb6\xc3\x9fe'],
  ['utf-8', 'Größe', 'Gr\xf6\xdfe'],
];

describe('a charset by the name that a sender gives it', () => {
  it.each(NAMED)('is known in headers: %s', (charset, text, raw) => {
    for (const word of [`B?${base64(raw)}`, `Q?${quoted(raw)}`]) {
      expect(subjectOf(`Subject: =?${charset}?${word}?=\n\n`)).toBe(text);
    }
  });

  it.each(NAMED)('is known in encoded text: %s', async (charset, text, raw) => {
    const encodings = [
      ['base64', base64(raw)],
      ['quoted-printable', quoted(raw)],
    ] as const;

    for (const [encoding, body] of encodings) {
      const part = `Content-Type: text/plain; charset="${charset}"\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n`;
      expect(await readBodyText(bytes(part))).toContain(text);
      const mixed = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${part}--b\r\n\r\nthe second\r\n--b--\r\n`;
      const read = await readBodyText(bytes(mixed));
      expect(read).toContain(text);
      expect(read).toContain('the second');
    }
  });

  it('may be missing above encoded text', async () => {
    const raw = '\xf0\xd2\xc9\xd7\xc5\xd4';
    const head = 'Content-Transfer-Encoding: quoted-printable\n\n';
    expect(await readBodyText(bytes(head + quoted(raw)))).toContain('Привет');
  });
});

describe('encoded words cut within a character', () => {
  it.each([
    ['shift_jis', '表示テスト', '\x95\x5c\x8e\xa6\x83e\x83X\x83g'],
    ['gb18030', '测试𠀀邮件', '\xb2\xe2\xca\xd4\x952\x826\xd3\xca\xbc\xfe'],
    ['euc-kr', '안녕하세요', '\xbe\xc8\xb3\xe7\xc7\xcf\xbc\xbc\xbf\xe4'],
    [
      'iso-2022-jp',
      '日本語abcテスト',
      '\x1b$BF|K\x5c8l\x1b(Babc\x1b$B%F%9%H\x1b(B',
    ],
  ])('are joined: %s', (charset, text, raw) => {
    for (const [encoding, encode] of [
      ['B', base64],
      ['Q', quoted],
    ] as const) {
      for (let at = 1; at < raw.length; at++) {
        const words = [raw.slice(0, at), raw.slice(at)].map(
          (part) => `=?${charset}?${encoding}?${encode(part)}?=`,
        );
        expect(subjectOf(`Subject: ${words.join('\r\n ')}\r\n\r\n`)).toBe(text);
      }
    }
  });

  it('may hold question marks', () => {
    expect(
      subjectOf('Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe? wie? gut??= x\n\n'),
    ).toBe('Grüße? wie? gut? x');
    expect(
      subjectOf('From: x\nSubject: =?utf-8?Q?=C3=BC?= =?utf-8?Q?a?\n\n'),
    ).toBe('ü =?utf-8?Q?a?');
  });

  it.each(['=?a?q?', '=?a?q?x', '=?a?b?=', '?', '=?'])(
    'never take long to be refused: %s',
    (piece) => {
      const raw = `Subject: =?a?q?${piece.repeat(40_000)}\n\n`;
      const start = process.cpuUsage().user;
      subjectOf(raw);
      expect(process.cpuUsage().user - start).toBeLessThan(10_000_000);
    },
  );
});

describe('a message of very many odd lines', () => {
  it.each(['\r', '\n--', '--b\n'])('takes no long time: %j', async (piece) => {
    const raw = bytes(piece.repeat(40_000));
    const start = process.cpuUsage().user;
    await readBodyText(raw);
    formatMboxMessage(raw, { sender: undefined, receivedAt: new Date(0) });
    expect(process.cpuUsage().user - start).toBeLessThan(10_000_000);
  });
});

describe('text that a strict reader would not show', () => {
  const readParts = (...parts: string[]): Promise<string> =>
    readBodyText(
      bytes(
        `Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`,
      ),
    );

  it.each([
    ['an invitation', 'text/calendar', 'SUMMARY:needle'],
    ['a delivery report', 'message/delivery-status', 'Final-Recipient: needle'],
    ['a type that is none', 'foo', 'needle'],
  ])('is read: %s', async (_, type, body) => {
    const part = `Content-Type: ${type}\r\n\r\n${body}`;
    expect(await readParts(part)).toContain('needle');
    expect(await readBodyText(bytes(part))).toContain('needle');
  });

  it('is read where the parts have no boundary, or another', async () => {
    for (const type of ['multipart/mixed', 'multipart/mixed; boundary=c']) {
      expect(
        await readBodyText(
          bytes(`Content-Type: ${type}\r\n\r\n--b\r\n\r\nneedle\r\n--b--\r\n`),
        ),
      ).toContain('needle');
    }
  });

  it('may have spaces behind a soft line break, and lines like a boundary', async () => {
    const head = 'Content-Transfer-Encoding: quoted-printable\r\n\r\n';
    expect(await readBodyText(bytes(`${head}nee= \r\ndle\r\n`))).toContain(
      'needle',
    );
    const text = await readParts(
      `Content-Transfer-Encoding: base64\r\n\r\n${base64('one\r\n--b\r\ntwo')}`,
      '\r\nthree',
    );
    expect(text).toMatch(/one[^]*--b[^]*two[^]*three/);
  });

  it('is UTF-8 although some bytes of it are none', async () => {
    const raw = `Gr\xc3\xb6\xc3\x9fe \xff ${'\xc3\xa4'.repeat(5)}`;
    expect(
      await readBodyText(
        bytes(`Content-Type: text/plain; charset=utf-8\n\n${raw}`),
      ),
    ).toContain('Größe');
  });

  it('follows the mark that an editor puts before the first header', async () => {
    const raw = '\xef\xbb\xbfSubject: needle\r\n\r\nbody\r\n';
    expect(subjectOf(raw)).toBe('needle');
    expect(await readBodyText(bytes(raw))).toBe('body\n\n');
  });
});

// Made-up messages for scripts/bench/mime.mjs: large and small ones, and ones that are hard to read.
const crlf = (lines) => lines.join('\r\n');
const wrap = (text) => text.replace(/.{76}/g, '$&\r\n');

function noise(size) {
  const bytes = Buffer.alloc(size);
  let seed = 1;

  for (let i = 0; i < size; i++) {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    bytes[i] = seed >> 16;
  }

  return bytes;
}

const head = (subject, ...more) => [
  'From: =?utf-8?q?J=C3=BCrgen_Weber?= <weber@example.com>',
  'To: Alice <alice@example.com>, bob@example.com',
  `Subject: ${subject}`,
  'Date: Tue, 17 Nov 2026 09:30:00 +0100',
  'Message-ID: <1@example.com>',
  'MIME-Version: 1.0',
  ...more,
];
const sentence =
  'The quarterly figures are attached, please read them before Friday. ';

/** Messages for the measurement of speed: how often each is read, and a function that makes it. */
export const SPEED = {
  'plain, 4 KB': [
    2000,
    () =>
      crlf([
        ...head('Figures', 'Content-Type: text/plain; charset=utf-8'),
        '',
        sentence.repeat(60),
      ]),
  ],
  'html + text, quoted-printable, 12 KB': [
    1000,
    () =>
      crlf([
        ...head('Figures', 'Content-Type: multipart/alternative; boundary=b'),
        '',
        '--b',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        `${sentence}=C3=A4rzte =\r\n`.repeat(60),
        '--b',
        'Content-Type: text/html; charset=utf-8',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        `<p style=3D"x">${sentence}=C3=A4rzte</p>=\r\n`.repeat(60),
        '--b--',
      ]),
  ],
  'base64 attachment, 130 KB': [200, () => withAttachment(96 * 1024)],
  'base64 attachment, 14 MB': [3, () => withAttachment(10 * 1024 * 1024)],
};

function withAttachment(size) {
  return crlf([
    ...head('Figures', 'Content-Type: multipart/mixed; boundary=b'),
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    sentence,
    '--b',
    'Content-Type: application/pdf; name=x.pdf',
    'Content-Transfer-Encoding: base64',
    '',
    wrap(noise(size).toString('base64')),
    '--b--',
  ]);
}

/** Messages with right answers: the message, its subject, and words that its text must hold. */
export const ANSWERS = {
  'windows-1250 body': [
    Buffer.concat([
      Buffer.from(
        `${crlf(head('x', 'Content-Type: text/plain; charset=windows-1250'))}\r\n\r\n`,
      ),
      Buffer.from([0x8e, 0x6c, 0x75]),
    ]),
    'x',
    'Žlu',
  ],
  'iso-2022-jp body': [
    Buffer.from(
      `${crlf(head('x', 'Content-Type: text/plain; charset=iso-2022-jp'))}\r\n\r\n\x1b$BF|K\\\x1b(B`,
      'latin1',
    ),
    'x',
    '日本',
  ],
  'character split between two encoded words': [
    head('=?utf-8?b?w6T=?= =?utf-8?q?=C3?= =?utf-8?q?=A4?=', ''),
    'ää',
    '',
  ],
  'unknown charset': [
    [
      ...head('x', 'Content-Type: text/plain; charset=x-martian'),
      '',
      'plain words',
    ],
    'x',
    'plain words',
  ],
  'format=flowed': [
    [
      ...head('x', 'Content-Type: text/plain; format=flowed'),
      '',
      'one \r\ntwo',
    ],
    'x',
    'one two',
  ],
  'html only': [
    [...head('x', 'Content-Type: text/html'), '', '<b>Gr&uuml;n</b>'],
    'x',
    'Grün',
  ],
  'forwarded message/rfc822': [
    [
      ...head('x', 'Content-Type: multipart/mixed; boundary=b'),
      '',
      '--b',
      'Content-Type: message/rfc822',
      '',
      ...head('inner'),
      '',
      'inner words',
      '--b--',
    ],
    'x',
    'inner words',
  ],
  'boundary never closed': [
    [
      ...head('x', 'Content-Type: multipart/mixed; boundary=b'),
      '',
      '--b',
      '',
      'open end',
    ],
    'x',
    'open end',
  ],
  'body without headers': [['', 'only a body'], undefined, 'only a body'],
  '300 parts deep': [
    [
      ...head('x', 'Content-Type: multipart/mixed; boundary=b0'),
      '',
      ...Array.from(
        { length: 300 },
        (_, i) =>
          `--b${i}\r\nContent-Type: multipart/mixed; boundary=b${i + 1}\r\n`,
      ),
      '--b300',
      '',
      'deep words',
    ],
    'x',
    '',
  ],
};

/** Returns the bytes of a message that is given as bytes, as text or as lines. */
export function bytesOf(message) {
  if (Buffer.isBuffer(message)) return message;

  return Buffer.from(typeof message === 'string' ? message : crlf(message));
}

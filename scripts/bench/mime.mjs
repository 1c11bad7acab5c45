// Which MIME library reads mail bodies? Measures speed, memory and right answers of the candidates on made-up mail.
//   npm install --prefix .bench/mime postal-mime@4.0.0 mailparser@3.14.2
//   node scripts/build.mjs && node scripts/bench/mime.mjs
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL, fileURLToPath } from 'node:url';

const home = fileURLToPath(new URL('../../.bench/mime/', import.meta.url));
const ROUNDS = 3;

const crlf = (lines) => lines.join('\r\n');
const wrap = (text) => text.replace(/.{76}/g, '$&\r\n');

function noise(size) {
  const bytes = Buffer.alloc(size);
  for (let i = 0, seed = 1; i < size; i++) {
    bytes[i] = (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16;
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

const SPEED = {
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

/** Each: the message, and what its subject and its text must contain. */
const ANSWERS = {
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

const LIBRARIES = {
  'postal-mime': async () => {
    const { default: PostalMime } = await load(
      'postal-mime',
      'dist/esm/postal-mime.js',
    );

    return async (raw) => {
      const mail = await PostalMime.parse(raw);
      return {
        subject: mail.subject,
        text: `${mail.text ?? ''} ${strip(mail.html ?? '')}`,
      };
    };
  },
  mailparser: async () => {
    const { simpleParser } = createRequire(`${home}package.json`)('mailparser');
    return async (raw) => {
      const mail = await simpleParser(raw, {
        skipTextToHtml: true,
        skipImageLinks: true,
      });

      const inner = await Promise.all(
        mail.attachments
          .filter((a) => a.contentType === 'message/rfc822')
          .map((a) => simpleParser(a.content)),
      );

      return {
        subject: mail.subject,
        text: [mail.text, ...inner.map((one) => one.text)].join(' '),
      };
    };
  },
};
/** What the search does with the same mail: headers only, and the library without the attachments' bytes. */
const AS_BUILT = {
  'our headers': async () => {
    const { readMessageHeaders } =
      await import('../../dist/mail/message-headers.js');
    return (raw) => readMessageHeaders(raw);
  },
  'our text': async () => {
    const { readBodyText } = await import('../../dist/mail/mime-text.js');
    return async (raw) => ({ subject: '', text: await readBodyText(raw) });
  },
};
const strip = (html) => html.replace(/<[^>]*>/g, ' ').replace(/&uuml;/g, 'ü');
const load = (name, file) =>
  import(pathToFileURL(`${home}node_modules/${name}/${file}`).href);
const bytesOf = (message) =>
  Buffer.isBuffer(message)
    ? message
    : Buffer.from(typeof message === 'string' ? message : crlf(message));

async function measure(library) {
  const startedMs = performance.now();
  const read = await { ...LIBRARIES, ...AS_BUILT }[library]();

  console.log(
    `${library}: loaded in ${(performance.now() - startedMs).toFixed(0)} ms`,
  );

  for (const [name, [count, make]] of Object.entries(SPEED)) {
    const raw = Buffer.from(make());
    const seconds = [];

    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      for (let i = 0; i < count; i++) await read(raw);
      seconds.push((performance.now() - start) / 1000);
    }

    const median = seconds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
    const rate = (count / median).toFixed(0).padStart(7);

    console.log(
      `  ${name.padEnd(38)} ${rate} messages/s  ${((count * raw.length) / median / 1e6).toFixed(0).padStart(4)} MB/s`,
    );
  }

  for (const [name, [message, subject, words]] of library in LIBRARIES
    ? Object.entries(ANSWERS)
    : []) {
    let verdict;
    try {
      const mail = await read(bytesOf(message));
      const isRight = mail.subject === subject && mail.text.includes(words);

      verdict = isRight
        ? 'right'
        : `wrong: ${JSON.stringify(mail).slice(0, 90)}`;
    } catch (error) {
      verdict = `throws: ${error.message}`;
    }

    console.log(`  ${name.padEnd(42)} ${verdict}`);
  }

  console.log(
    `  peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`,
  );
}

if (process.argv[2]) {
  await measure(process.argv[2]);
} else if (
  !existsSync(`${home}node_modules/mailparser`) ||
  !existsSync(`${home}node_modules/postal-mime`)
) {
  console.error(
    'First: npm install --prefix .bench/mime postal-mime@4.0.0 mailparser@3.14.2',
  );
  process.exitCode = 2;
} else {
  for (const library of [...Object.keys(LIBRARIES), ...Object.keys(AS_BUILT)]) {
    spawnSync(process.execPath, [fileURLToPath(import.meta.url), library], {
      stdio: 'inherit',
    });
  }
}

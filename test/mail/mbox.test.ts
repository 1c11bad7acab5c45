import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMboxMessage } from '../../src/mail/mbox.js';

const receivedAt = new Date('2026-11-03T08:05:09Z');
const plain = { sender: 'Alice <alice@example.com>', receivedAt };
const format = (text: string, more: object = {}): string =>
  formatMboxMessage(Buffer.from(text, 'latin1'), {
    ...plain,
    ...more,
  }).toString('latin1');

describe('formatMboxMessage', () => {
  it('starts with sender and time and ends with an empty line', () => {
    expect(format('Subject: a\r\n\r\nbody\r\n')).toBe(
      'From alice@example.com Tue Nov  3 08:05:09 2026\nSubject: a\n\nbody\n\n',
    );
    expect(format('Subject: a\n\nno line end')).toMatch(/no line end\n\n$/);
  });

  it('quotes every From line, quoted ones once more, and nothing inside a line', () => {
    expect(
      format('Subject: a\n\nFrom here\n>From there\n>>From\nnot From\n>Fro\n'),
    ).toContain('\n\n>From here\n>>From there\n>>From\nnot From\n>Fro\n');
    expect(format('Subject: a\r\n\r\nx\r\nFrom y\r\n')).toContain(
      '\nx\n>From y\n',
    );
  });

  it('turns CRLF into LF and leaves a CR alone', () => {
    expect(format('Subject: a\n\na\rb\r\r\nc\n')).toContain('\n\na\rb\r\nc\n');
  });

  it('names MAILER-DAEMON where the sender is no single word', () => {
    for (const sender of [undefined, '', 'nobody', 'Ä <ä@ö.example>']) {
      expect(format('Subject: a\n\n', { sender })).toMatch(
        /^From MAILER-DAEMON Tue/,
      );
    }

    expect(
      format('Subject: a\n\n', { sender: '"x" <a@b.example>\nFrom evil' }),
    ).toMatch(/^From a@b.example Tue Nov/);
  });

  it('writes flags and folder as headers of their own', () => {
    const flags = {
      isSeen: true,
      isAnswered: true,
      isFlagged: false,
      isDraft: true,
    };
    expect(
      format('Subject: a\n\n', { flags, folder: 'example.com/alice/Ärzte' }),
    ).toContain(
      '2026\nStatus: RO\nX-Status: AT\nX-Kerio-Folder: =?utf-8?B?ZXhhbXBsZS5jb20vYWxpY2Uvw4RyenRl?=\nSubject: a\n',
    );
  });

  it('keeps the first line of a message without headers in its body', () => {
    expect(format('just text\n')).toContain('2026\n\njust text\n');
    expect(format('\nbody')).toContain('2026\n\nbody\n');
  });

  it('ends lines with LF where CRs alone end those of the headers, and quotes behind them', () => {
    expect(format('Subject: a\rTo: b\r\rx\rFrom y\r')).toContain(
      '2026\nSubject: a\nTo: b\n\nx\n>From y\n\n',
    );
    expect(format('Subject: a\rTo: b\n\nFrom y\n')).toContain(
      'Subject: a\nTo: b\n\n>From y\n\n',
    );
  });

  it('mends the headers of careless mail, whose readers would take them for text', () => {
    expect(format('Subject: a\r\nDear Bob,\r\nFrom y\r\n')).toContain(
      '2026\nSubject: a\n\nDear Bob,\n>From y\n\n',
    );
    expect(format('\xef\xbb\xbfSubject: a\n\nb\n')).toContain(
      '2026\nSubject: a\n\nb\n\n',
    );
    expect(
      format('From a@b Tue Nov 17 09:30:00 2026\nSubject: a\n\nb\n'),
    ).toContain(
      '2026\nX-From-Line: a@b Tue Nov 17 09:30:00 2026\nSubject: a\n\nb\n\n',
    );
    expect(format('Subject: a')).toMatch(/2026\nSubject: a\n\n$/);
    expect(format('')).toMatch(/2026\n\n$/);
  });

  it('gives any message back to a reader that takes one > from each quoted line', () => {
    const piece = fc.constantFrom(
      'From ',
      '>',
      '\n',
      '\r\n',
      '\r',
      'a',
      'From',
      ' ',
      '\xff',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const body = pieces.join('');
        const text = format(`Subject: a\n\n${body}`);
        const read = text
          .slice(text.indexOf('\n') + 1)
          .replace(/(^|\n)>(>*From )/g, '$1$2');
        const normal = body.replaceAll('\r\n', '\n');
        expect(read).toBe(
          `Subject: a\n\n${normal}${normal === '' || normal.endsWith('\n') ? '' : '\n'}\n`,
        );
        expect(text.slice(1).search(/(^|\n)From /)).toBe(-1);
      }),
    );
  });

  it.skipIf(spawnSync('python3', ['--version']).status !== 0)(
    'is read by Python as it was written',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'kms-mbox-'));
      try {
        const flags = {
          isSeen: true,
          isAnswered: false,
          isFlagged: true,
          isDraft: false,
        };
        const texts = [
          'Subject: one\r\n\r\nFrom me\r\n\r\nFrom you',
          'Subject: two\n\n',
          'Subject: three\n\nx\n',
        ];
        writeFileSync(
          join(folder, 'a.mbox'),
          Buffer.concat(
            texts.map((text) => Buffer.from(format(text, { flags }), 'latin1')),
          ),
        );
        const script = `import mailbox, json
print(json.dumps([[m['subject'], m.get_flags(), m.get_payload()] for m in mailbox.mbox('a.mbox')]))`;
        const { stdout, stderr } = spawnSync('python3', ['-c', script], {
          cwd: folder,
          encoding: 'utf8',
        });
        expect(stderr).toBe('');
        expect(JSON.parse(stdout)).toEqual([
          ['one', 'ROF', '>From me\n\n>From you\n'],
          ['two', 'ROF', ''],
          ['three', 'ROF', 'x\n'],
        ]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

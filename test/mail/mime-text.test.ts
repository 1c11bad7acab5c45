import { describe, expect, it } from 'vitest';
import { withoutAttachments } from '../../src/mail/attachment-cut.js';
import { readBodyText } from '../../src/mail/mime-text.js';

const mail = (...lines: string[]): Buffer =>
  Buffer.from(lines.join('\r\n'), 'latin1');
const attachment = (type: string, content: string): string[] => [
  '--b',
  `Content-Type: ${type}; name="report.pdf"`,
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from(content).toString('base64'),
];

describe('readBodyText', () => {
  it('reads every text part, nested and forwarded ones too', async () => {
    const text = await readBodyText(
      mail(
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        'Content-Type: text/plain; charset=iso-8859-1',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        'Gr=FC=DFe',
        '--b',
        'Content-Type: message/rfc822',
        '',
        'Subject: inner',
        '',
        'inner words',
        ...attachment('application/pdf', 'hidden'),
        '--b--',
      ),
    );
    expect(text).toContain('Grüße');
    expect(text).toContain('inner words');
    expect(text).toContain('report.pdf');
    expect(text).not.toContain('hidden');
  });

  it('reads HTML as a person sees it: entities, words across tags, no scripts', async () => {
    const html =
      '<style>p{}</style><p>Gr&uuml;&#223;e aus <b>K</b>&ouml;ln</p><script>secret()</script><p>kms</p>';
    const text = await readBodyText(
      mail('Content-Type: text/html; charset=utf-8', '', html),
    );
    expect(text).toContain('Grüße aus Köln');
    expect(text).not.toContain('secret');
  });

  it('reads the HTML beside a plain part that says nothing', async () => {
    const text = await readBodyText(
      mail(
        'Content-Type: multipart/alternative; boundary=b',
        '',
        '--b',
        '',
        'see HTML',
        '--b',
        'Content-Type: text/html',
        '',
        '<i>words</i>',
        '--b--',
      ),
    );
    expect(text).toContain('words');
  });

  it('reads base64 text and a base64 message, but no base64 attachment', async () => {
    const text = await readBodyText(
      mail(
        'Content-Type: multipart/mixed; boundary=b',
        '',
        ...attachment('text/plain', 'spoken'),
        ...attachment('image/png', 'x'),
        '--b--',
      ),
    );
    expect(text).toContain('report.pdf');
    const inline = mail(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from('spoken').toString('base64'),
      '--b--',
    );
    expect(await readBodyText(inline)).toContain('spoken');
  });

  it('answers with the raw text where a message is nested without end', async () => {
    const deep = Array.from(
      { length: 3000 },
      (_, i) =>
        `--b${String(i)}\r\nContent-Type: multipart/mixed; boundary=b${String(i + 1)}\r\n`,
    );
    expect(
      await readBodyText(
        mail(
          'Content-Type: multipart/mixed; boundary=b0',
          '',
          ...deep,
          '--b3000',
          '',
          'deep words',
        ),
      ),
    ).toContain('deep words');
  });

  it.each([
    ['no bytes', ''],
    ['no headers', 'just words'],
    ['NUL', '\0'],
    ['an open part', 'Content-Type: multipart/mixed; boundary=b\n\n--b'],
  ])('does not fail on %s', async (_, raw) => {
    expect(typeof (await readBodyText(mail(raw)))).toBe('string');
  });
});

describe('withoutAttachments', () => {
  it('drops the bodies of base64 attachments and nothing else', () => {
    const cut = withoutAttachments(
      mail(
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        '',
        'words',
        ...attachment('application/pdf', 'x'.repeat(9000)),
        '--b',
        '',
        'more',
        '--b--',
      ),
    );
    expect(cut.length).toBeLessThan(400);
    expect(cut.toString()).toContain('words');
    expect(cut.toString()).toContain('more\r\n--b--');
    expect(cut.toString()).toContain('report.pdf');
  });

  it('gives a message without attachments back as it is', () => {
    const raw = mail(
      'Subject: a',
      '',
      'Content-Type: application/pdf',
      'Content-Transfer-Encoding: base64',
      '',
      'text',
    );
    expect(withoutAttachments(raw)).toBe(raw);
  });
});

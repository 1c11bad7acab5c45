import { createServer, type Server } from 'node:net';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  chooseProtection,
  type ImapAccount,
  parseImapAddress,
} from '../../src/imap/account.js';
import { parseFingerprint } from '../../src/platform/fingerprint.js';
import { toCommandError, toConnectError } from '../../src/imap/fault.js';
import { FolderPaths } from '../../src/imap/folder-path.js';
import {
  identityOf,
  withNetworkLines,
} from '../../src/imap/message-identity.js';
import { openSession } from '../../src/imap/session.js';
import { rangesOf } from '../../src/imap/uid-ranges.js';
import { isNoMail } from '../../src/put-back/mail-items.js';
import { receivedAtOf } from '../../src/put-back/received-at.js';
import { targetPathOf } from '../../src/put-back/target-paths.js';

describe('addresses and protection', () => {
  it('reads names, addresses and ports', () => {
    expect(parseImapAddress('mail.example.com:143').port).toBe(143);
    expect(parseImapAddress('[2001:db8::1]:993').host).toBe('2001:db8::1');
    expect(parseImapAddress('2001:db8::1').host).toBe('2001:db8::1');
    expect(() => parseImapAddress('a:99999')).toThrow(/no IMAP server/);
  });

  it('sends no password in plain text but to this machine', () => {
    const of = (host: string, port?: number): string =>
      chooseProtection({ host, port }, 'auto').protection;

    expect(of('mail.example.com')).toBe('tls');
    expect(of('mail.example.com', 143)).toBe('starttls');
    expect(of('127.0.0.1', 143)).toBe('local');
    expect(of('127.0.0.1.example.com', 143)).toBe('starttls');
  });

  it('reads fingerprints as openssl prints them', () => {
    const digits = 'AB'.repeat(32);
    const printed = `sha256 Fingerprint=${digits.replace(/..(?!$)/g, '$&:')}`;

    expect(parseFingerprint(printed)).toBe(digits.toLowerCase());
    expect(() => parseFingerprint('AB')).toThrow(/fingerprint/);
  });
});

describe('names of folders', () => {
  it('never makes one folder of two', () => {
    const paths = new FolderPaths('.');

    expect(paths.stepsOf(['R', 'a.b'])).toEqual(['R', 'a_b']);
    expect(paths.stepsOf(['R', 'a_b'])).toEqual(['R', 'a_b (2)']);
    expect(paths.stepsOf(['R', 'a.b', 'c'])).toEqual(['R', 'a_b', 'c']);
    expect(paths.stepsOf(['R', 'A_B'])).toEqual(['R', 'A_B (3)']);
  });

  it('leaves their names to those that the server takes', () => {
    const wanted = [
      ['R', 'a.b'],
      ['R', 'a_b'],
    ];
    const paths = new FolderPaths('.', wanted);

    expect(wanted.map((path) => paths.stepsOf(path))).toEqual([
      ['R', 'a_b (2)'],
      ['R', 'a_b'],
    ]);
  });

  it('has a stricter name for a server that refuses the first', () => {
    const paths = new FolderPaths('/');

    expect(paths.stepsOf(['R', 'v1.2'])).toEqual(['R', 'v1.2']);
    expect(paths.stepsOf(['R', 'v1_2'])).toEqual(['R', 'v1_2']);
    expect(paths.stricterStepsOf(['R', 'v1.2'])).toEqual(['R', 'v1_2 (2)']);
    expect(paths.stricterStepsOf(['R', 'Ärzte'])).toEqual(['R', 'Ärzte']);
  });

  it('puts a folder into another, and what is below it below', () => {
    const target = { into: 'Back/In', standsFor: 'INBOX' };

    expect(targetPathOf('INBOX', target)).toEqual(['Back', 'In']);
    expect(targetPathOf('INBOX/A', target)).toEqual(['Back', 'In', 'A']);
    expect(targetPathOf('INBOX2', target)).toEqual(['Back', 'In', 'INBOX2']);
    expect(targetPathOf('A', { into: 'inbox', standsFor: undefined })).toEqual([
      'INBOX',
      'A',
    ]);
  });
});

describe('messages', () => {
  it('gives LF the CR that it lacks', () => {
    const lines = (text: string): string =>
      withNetworkLines(Buffer.from(text)).toString();

    expect(lines('a\nb\r\nc\rd\n\n')).toBe('a\r\nb\r\nc\rd\r\n\r\n');
  });

  it('knows a message by Message-ID, else by date, sender and subject', () => {
    const of = (text: string): string => identityOf(Buffer.from(text), 7);

    expect(of('message-id:\r\n <a@b>\r\nSubject: x\r\n\r\n')).toBe(
      of('X: y\nMessage-ID: <a@b>\n\nMessage-ID: <c@d>'),
    );
    expect(of('Subject: a\r\n b\r\n\r\n')).toBe(of('Subject:  a b\r\n\r\n'));
    expect(of('Subject: a\r\n\r\n')).not.toBe(of('Subject: b\r\n\r\n'));
  });

  it('gives no date that a server would refuse or replace', () => {
    const bytes = Buffer.from('Date: Tue, 17 Nov 2026 09:30:00 +0100\n\n');
    const of = (receivedAt: Date, text = bytes): string | undefined =>
      receivedAtOf({ receivedAt, bytes: text })?.toISOString();

    expect(of(new Date('2038-01-19T03:14:07Z'))).toMatch(/^2038-01-19/);
    for (const absurd of [NaN, 0, -11_644_473_600_000, 2 ** 31 * 1000, 9e14]) {
      expect(of(new Date(absurd))).toBe('2026-11-17T08:30:00.000Z');
      expect(of(new Date(absurd), Buffer.from('\n'))).toBeUndefined();
    }
  });

  it('tells entries of calendars from invitations', () => {
    const of = (text: string): boolean => isNoMail(Buffer.from(text));

    expect(of('Content-Type: text/calendar; x\r\n\r\n')).toBe(true);
    expect(of('Content-Type: text/vcard\r\n\r\n')).toBe(true);
    expect(of('To: a@b\r\nContent-Type: text/calendar\r\n\r\n')).toBe(false);
    expect(of('A: b\r\n\r\nContent-Type: text/calendar\r\n')).toBe(false);
  });

  it('writes sets of numbers in lines that a server takes', () => {
    expect(rangesOf([3, 1, 2, 9])).toEqual(['1:3,9']);
    const odd = Array.from({ length: 1_000 }, (_, at) => at * 2 + 1);
    expect(rangesOf(odd).every((line) => line.length < 8_000)).toBe(true);
  });
});

describe('what a server answers', () => {
  const account = { host: 'h', port: 1, user: 'u', password: 'p' };
  const failure = (facts: object): Error =>
    Object.assign(new Error('words'), facts);

  it.each([
    [{ authenticationFailed: true }, 'LOGIN_REFUSED'],
    [
      { authenticationFailed: true, serverResponseCode: 'UNAVAILABLE' },
      'IMAP_UNREACHABLE',
    ],
    [{ code: 'CERT_HAS_EXPIRED' }, 'TLS_UNTRUSTED'],
  ])('to a login: %j', (facts, code) => {
    const whole = { ...account, login: { kind: 'user' } } as ImapAccount;
    expect(toConnectError(whole, failure(facts)).code).toBe(code);
  });

  it.each([
    [{ responseStatus: 'NO' }, 'IMAP_REFUSED'],
    [{ responseStatus: 'BAD' }, 'IMAP_REFUSED'],
    [{ responseStatus: 'BYE' }, 'IMAP_UNREACHABLE'],
    [{ responseStatus: 'BAD', code: 'ETHROTTLE' }, 'IMAP_UNREACHABLE'],
    [{ responseStatus: 'NO', responseText: 'Mailbox is full' }, 'QUOTA_FULL'],
  ])('to a command: %j', (facts, code) => {
    const error = toCommandError(account as ImapAccount, 'w', failure(facts));
    expect(error.code).toBe(code);
  });
});

/** What is known of Kerio's master authentication, line by line; no server of the vendor's is at hand. */
describe('X-MASTERAUTH', () => {
  it('answers the challenge and then says whose mail is meant', async () => {
    const said: string[] = [];
    const server = kerioLines(said);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const account: ImapAccount = {
      host: '127.0.0.1',
      port: typeof address === 'object' && address ? address.port : 0,
      protection: 'local',
      certificates: undefined,
      fingerprint: undefined,
      user: 'alice@example.com',
      login: { kind: 'kerio-master' },
      password: 'master secret',
    };

    try {
      const session = await openSession(account, new AbortController().signal);
      await session.end();
      const refused = openSession(
        { ...account, password: 'wrong' },
        new AbortController().signal,
      );
      await expect(refused).rejects.toMatchObject({ code: 'LOGIN_REFUSED' });
    } finally {
      server.close();
    }

    expect(said).toContain('X-SETUSER alice@example.com');
    expect(said.join('\n')).not.toContain('master secret');
  });
});

const CHALLENGE = '<1234.5678@kerio>';
const ANSWER = createHash('md5')
  .update(`${CHALLENGE}master secret`)
  .digest('hex');

function kerioLines(said: string[]): Server {
  return createServer((socket) => {
    let waiting = '';
    let rest = '';
    socket.on('error', () => undefined);
    socket.write('* OK Kerio Connect IMAP server\r\n');
    socket.on('data', (bytes) => {
      const lines = `${rest}${bytes.toString()}`.split('\r\n');
      rest = lines.pop() ?? '';

      for (const line of lines) {
        if (waiting !== '') {
          const verdict = line === ANSWER ? 'OK done' : 'NO wrong';
          socket.write(`${waiting} ${verdict}\r\n`);
          waiting = '';
          continue;
        }

        const [tag = '', ...words] = line.split(' ');
        said.push(words.join(' ').replaceAll('"', ''));

        if (words[0] === 'X-MASTERAUTH') {
          waiting = tag;
          socket.write(`+ ${CHALLENGE}\r\n`);
        } else if (words[0] === 'CAPABILITY') {
          socket.write('* CAPABILITY IMAP4rev1 X-MASTERAUTH\r\n');
          socket.write(`${tag} OK done\r\n`);
        } else {
          socket.write(`${tag} OK done\r\n`);
        }
      }
    });
  });
}

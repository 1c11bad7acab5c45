import { afterEach, describe, expect, test } from 'vitest';
import { MailRefusedError, sendMail } from '../../src/report/mailer.js';
import type { MailRoute } from '../../src/report/mail-route.js';
import {
  freePort,
  selfSigned,
  startScriptedService,
  startSmtp,
} from '../helpers/smtp.js';

const CONTENT = {
  subject: 'Nächtliche Sicherung',
  text: 'all is well\n',
  html: '<p>all is well</p>',
};
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function routeTo(port: number, changes: Partial<MailRoute> = {}): MailRoute {
  const base = {
    host: '127.0.0.1',
    port,
    tls: 'auto',
    verifiesCertificate: true,
    login: undefined,
  } as const;
  return {
    ...base,
    from: 'kms-backup@example.com',
    to: ['admin@example.com'],
    timeoutMs: 5000,
    ...changes,
  };
}

async function service(options: Parameters<typeof startSmtp>[0] = {}) {
  const started = await startSmtp(options);
  closers.push(() => started.close());
  return started;
}

async function refusalOf(route: MailRoute): Promise<MailRefusedError> {
  const error: unknown = await sendMail(route, CONTENT).then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof MailRefusedError)) throw error;
  expect(error.exitCode).toBe(1);
  expect(error.hints.length).toBeGreaterThan(0);
  return error;
}

const fault = (code: number, text: string): Error =>
  Object.assign(new Error(text), { responseCode: code });

describe('a mail that is taken', () => {
  test('reaches every recipient as text and HTML, marked as sent by a machine', async () => {
    const smtp = await service();
    const sent = await sendMail(
      routeTo(smtp.port, { to: ['a@example.com', 'B <b@example.com>'] }),
      CONTENT,
    );
    expect(sent).toEqual({
      accepted: ['a@example.com', 'b@example.com'],
      rejected: [],
    });
    expect(smtp.mails[0]?.recipients).toEqual([
      'a@example.com',
      'b@example.com',
    ]);
    expect(smtp.mails[0]?.raw).toContain('multipart/alternative');
    expect(smtp.mails[0]?.raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  });

  test('goes through STARTTLS with a login where the service asks for both', async () => {
    const smtp = await service({
      authOptional: false,
      disabledCommands: [],
      ...selfSigned(),
    });
    const login = { user: 'backup', password: 'tulip-7' };
    await sendMail(
      routeTo(smtp.port, {
        tls: 'starttls',
        verifiesCertificate: false,
        login,
      }),
      CONTENT,
    );
    expect(smtp.logins).toEqual(['backup:tulip-7']);
    expect(smtp.mails).toHaveLength(1);
  });

  test('goes through TLS from the first byte', async () => {
    const smtp = await service({ secure: true, ...selfSigned() });
    await sendMail(
      routeTo(smtp.port, { tls: 'tls', verifiesCertificate: false }),
      CONTENT,
    );
    expect(smtp.mails).toHaveLength(1);
  });

  test('names the recipients that the service refused beside those it took', async () => {
    const smtp = await service({
      onRcptTo: (address, _session, done) => {
        done(
          address.address.startsWith('gone')
            ? fault(550, 'no such user')
            : null,
        );
      },
    });
    const sent = await sendMail(
      routeTo(smtp.port, { to: ['a@example.com', 'gone@example.com'] }),
      CONTENT,
    );
    expect(sent.accepted).toEqual(['a@example.com']);
    expect(sent.rejected).toEqual([
      { address: 'gone@example.com', answer: '550 no such user' },
    ]);
  });
});

describe('a mail that is not taken', () => {
  test('a service that does not run', async () => {
    const port = await freePort();
    const error = await refusalOf(routeTo(port));
    expect(error.message).toMatch(
      new RegExp(`^cannot send by 127.0.0.1:${String(port)}: .*ECONNREFUSED`),
    );
    expect(error.isPermanent).toBe(false);
  });

  test('a host that does not exist', async () => {
    const error = await refusalOf(routeTo(25, { host: 'mail.invalid' }));
    expect(error.message).toMatch(/mail\.invalid/);
    expect(error.isPermanent).toBe(false);
  });

  test('a login that is refused, without the password in any text', async () => {
    const smtp = await service({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (auth, _session, done) => {
        done(new Error(`bad password ${String(auth.password)}`));
      },
    });
    const error = await refusalOf(
      routeTo(smtp.port, { login: { user: 'backup', password: 'tulip-7' } }),
    );
    expect(error.message).toContain('the login was refused by 127.0.0.1');
    expect(
      JSON.stringify([
        error.message,
        error.hints,
        error.stack,
        error.cause ?? '',
      ]),
    ).not.toContain('tulip-7');
    expect(error.isPermanent).toBe(false);
  });

  test.each([
    [452, 'disk full', false, 'the mail was put off by'],
    [550, 'no such user', true, 'the mail was refused by'],
  ])(
    'every recipient is answered with %i',
    async (code, text, isPermanent, message) => {
      const smtp = await service({
        onRcptTo: (_address, _session, done) => {
          done(fault(code, text));
        },
      });
      const error = await refusalOf(routeTo(smtp.port));
      expect(error.message).toContain(message);
      expect(error.message).toContain(text);
      expect(error.isPermanent).toBe(isPermanent);
    },
  );

  test('the sender is refused', async () => {
    const smtp = await service({
      onMailFrom: (_address, _session, done) => {
        done(fault(553, 'not you'));
      },
    });
    expect((await refusalOf(routeTo(smtp.port))).message).toContain(
      '553 not you',
    );
  });

  test.each([
    [451, false],
    [554, true],
  ])('the content is answered with %i', async (code, isPermanent) => {
    const smtp = await service({
      onData: (stream, _session, done) => {
        stream.resume().on('end', () => {
          done(fault(code, 'not this'));
        });
      },
    });
    const error = await refusalOf(routeTo(smtp.port));
    expect(error.message).toContain(`${String(code)} not this`);
    expect(error.isPermanent).toBe(isPermanent);
  });

  test('TLS is required and not offered', async () => {
    const smtp = await service();
    expect(
      (await refusalOf(routeTo(smtp.port, { tls: 'starttls' }))).message,
    ).toContain('no protected connection to');
  });

  test('TLS from the first byte meets a service that speaks plain', async () => {
    const smtp = await service();
    expect(
      (await refusalOf(routeTo(smtp.port, { tls: 'tls' }))).message,
    ).toContain('no protected connection to');
  });

  test('the certificate is signed by nobody', async () => {
    const smtp = await service({ secure: true, ...selfSigned() });
    const error = await refusalOf(
      routeTo(smtp.port, { tls: 'tls', host: 'localhost' }),
    );
    expect(error.message).toMatch(
      /no protected connection to localhost.*self-signed/,
    );
    expect(smtp.mails).toHaveLength(0);
  });

  test.each([
    ['never greets', [] as string[]],
    ['falls silent after EHLO', ['220 slow ESMTP', '250 slow', '250 ok']],
  ])(
    'a service that %s is left after the time limit',
    async (_what, answers) => {
      const slow = await startScriptedService(answers);
      closers.push(slow.close);
      const before = performance.now();
      const error = await refusalOf(routeTo(slow.port, { timeoutMs: 400 }));
      expect(performance.now() - before).toBeLessThan(15_000);
      expect(error.isPermanent).toBe(false);
    },
  );

  test('a service that is too busy to greet', async () => {
    const busy = await startScriptedService(['421 too many connections']);
    closers.push(busy.close);
    const error = await refusalOf(routeTo(busy.port));
    expect(error.message).toContain('421 too many connections');
    expect(error.isPermanent).toBe(false);
  });
});

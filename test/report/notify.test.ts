import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseIniText } from '../../src/settings/ini-file.js';
import {
  notifyAboutRun,
  sendTestMail,
  type NotifyContext,
} from '../../src/report/notify.js';
import { listSpool, spoolDirectory } from '../../src/report/spool.js';
import { failedReport, runReport } from '../helpers/run-report.js';
import { freePort, startSmtp, type SmtpService } from '../helpers/smtp.js';

let dir: string;
let now: number;
let smtp: SmtpService;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kms-notify-'));
  now = Date.parse('2026-11-23T01:00:11Z');
  smtp = await startSmtp();
});
afterEach(async () => {
  await smtp.close();
  rmSync(dir, { recursive: true, force: true });
});

function context(
  ini = '',
  changes: Partial<NotifyContext> = {},
): NotifyContext {
  return {
    installDir: dir,
    settings: parseIniText(ini, dir),
    server: {
      notifyAddress: 'admin@example.com',
      hostname: 'mail.example.com',
      mail: { smtpPort: smtp.port },
    },
    env: {},
    clock: () => new Date((now += 1000)),
    ...changes,
  };
}

const waiting = (): string[] => listSpool(spoolDirectory(dir));

describe('notifications', () => {
  test('go to the notification address through the server itself', async () => {
    expect(await notifyAboutRun(runReport(), context())).toEqual([]);
    expect(smtp.mails[0]?.recipients).toEqual(['admin@example.com']);
    expect(smtp.mails[0]?.raw).toContain('From: kms-backup@mail.example.com');
  });

  test('go where [smtp] says, to whom it says', async () => {
    const ini = `[smtp]\nhost=127.0.0.1\nport=${String(smtp.port)}\nfrom=b@example.com\nto=x@example.com, y@example.com`;
    const server = { notifyAddress: '', hostname: '', mail: { smtpPort: 1 } };
    expect(await notifyAboutRun(runReport(), context(ini, { server }))).toEqual(
      [],
    );
    expect(smtp.mails[0]?.recipients).toEqual([
      'x@example.com',
      'y@example.com',
    ]);
  });

  test('are sent by the rule: always, on problems, never', async () => {
    const count = async (
      ...args: Parameters<typeof notifyAboutRun>
    ): Promise<number> => {
      const before = smtp.mails.length;
      await notifyAboutRun(...args);
      return smtp.mails.length - before;
    };

    expect(await count(runReport(), context('', { rule: 'problems' }))).toBe(0);
    expect(
      await count(
        runReport({ warnings: ['hm'] }),
        context('', { rule: 'problems' }),
      ),
    ).toBe(1);
    expect(await count(failedReport(), context('', { rule: 'problems' }))).toBe(
      1,
    );
    expect(await count(failedReport(), context('', { rule: 'never' }))).toBe(0);
    expect(await count(runReport(), context('[smtp]\nnotify=problems'))).toBe(
      0,
    );
    expect(
      await count(
        runReport(),
        context('[smtp]\nnotify=problems', { rule: 'always' }),
      ),
    ).toBe(1);
  });

  test.each([
    [
      'postmaster',
      /^the notification address .*"postmaster", is none: nobody is told$/,
      undefined,
    ],
    [
      'admin@example.com;',
      /^the notification address .* go to admin@example\.com alone$/,
      ['admin@example.com'],
    ],
    [
      'a@example.com, root',
      /^the notification address .* go to a@example\.com alone$/,
      ['a@example.com'],
    ],
    [
      'a@example.com; b@example.com',
      undefined,
      ['a@example.com', 'b@example.com'],
    ],
    [' ', undefined, undefined],
  ])(
    'to %j warn of what is no address and go to the rest',
    async (notifyAddress, warning, recipients) => {
      const server = {
        notifyAddress,
        hostname: 'mail.example.com',
        mail: { smtpPort: smtp.port },
      };
      const before = smtp.mails.length;
      const warnings = await notifyAboutRun(
        runReport(),
        context('', { server }),
      );
      expect(warnings).toEqual(warning ? [expect.stringMatching(warning)] : []);
      expect(smtp.mails.slice(before).at(-1)?.recipients).toEqual(recipients);
      const quiet = context(
        `[smtp]\nto=x@example.com\nhost=127.0.0.1\nport=${String(smtp.port)}`,
        { server },
      );
      expect(await notifyAboutRun(runReport(), quiet)).toEqual([]);
    },
  );

  test('without anybody to tell say nothing, unless a rule was asked for', async () => {
    const server = {
      notifyAddress: '',
      hostname: '',
      mail: { smtpPort: smtp.port },
    };
    expect(await notifyAboutRun(runReport(), context('', { server }))).toEqual(
      [],
    );
    expect(
      (
        await notifyAboutRun(
          runReport(),
          context('', { server, rule: 'always' }),
        )
      )[0],
    ).toMatch(/^nobody to notify/);
    expect(await sendTestMail(context('', { server }))).toBeUndefined();
  });
});

describe('the status page', () => {
  const PAGE = '<!DOCTYPE html><p>page of the state</p>';
  const attached = (): boolean =>
    smtp.mails.at(-1)?.raw.includes('filename=kms-backup-status.html') ?? false;

  test('goes with the mail', async () => {
    const makePage = (): Promise<string> => Promise.resolve(PAGE);
    expect(
      await notifyAboutRun(runReport(), context('', { makePage })),
    ).toEqual([]);
    expect(attached()).toBe(true);
  });

  test('that cannot be made, or is too large for a mail, keeps no mail back', async () => {
    const broken = (): Promise<string> => Promise.reject(new Error('no share'));
    expect(
      await notifyAboutRun(runReport(), context('', { makePage: broken })),
    ).toEqual(['the status page is not in the notification: no share']);
    const large = (): Promise<string> => Promise.resolve('x'.repeat(5 << 20));
    expect(
      await notifyAboutRun(runReport(), context('', { makePage: large })),
    ).toEqual([
      'the status page is not in the notification: it is too large (5.0 MiB)',
    ]);
    expect([smtp.mails.length, attached()]).toEqual([2, false]);
  });

  test('is not made for nobody, nor in a run that was told to stop, and does not wait in the spool', async () => {
    let made = 0;
    const makePage = (): Promise<string> =>
      Promise.resolve(`${PAGE}${String(++made)}`);
    await notifyAboutRun(runReport(), context('', { makePage, rule: 'never' }));
    await notifyAboutRun(
      runReport(),
      context('', { makePage, signal: AbortSignal.abort() }),
    );
    expect([made, waiting().length]).toEqual([0, 1]);
    await notifyAboutRun(
      runReport(),
      context(`[smtp]\nport=${String(await freePort())}`, { makePage }),
    );
    expect(waiting()).toHaveLength(2);
    for (const name of waiting()) {
      expect(
        readFileSync(join(spoolDirectory(dir), name), 'utf8'),
      ).not.toContain('page of the state');
    }
  });
});

describe('the spool', () => {
  async function failTwice(): Promise<string[]> {
    const ini = `[smtp]\nport=${String(await freePort())}`;
    await notifyAboutRun(failedReport(), context(ini));
    return notifyAboutRun(runReport(), context(ini));
  }

  test('keeps what could not be sent, for its owner alone, and the next run sends it first', async () => {
    const warnings = await failTwice();
    expect(warnings.join()).toMatch(
      /^no notification was sent: .*; 2 wait in .*kms-backup\.spool for the next run$/,
    );
    expect(waiting()).toHaveLength(2);
    expect(
      statSync(join(spoolDirectory(dir), waiting()[0] ?? '')).mode & 0o777,
    ).toBe(0o600);
    expect(await notifyAboutRun(runReport(), context())).toEqual([]);
    expect(waiting()).toEqual([]);
    expect(
      smtp.mails.map(({ raw }) => /^Subject: .*(FAILED|done)/m.exec(raw)?.[1]),
    ).toEqual(['FAILED', 'done', 'done']);
    expect(smtp.mails[0]?.raw).toContain(
      'could not be sent when it was written',
    );
  });

  test('is sent by the next run also where that run itself has nothing to tell', async () => {
    await failTwice();
    await notifyAboutRun(runReport(), context('', { rule: 'problems' }));
    expect(smtp.mails).toHaveLength(2);
  });

  test('is sent by a test mail, which reports it', async () => {
    await failTwice();
    expect(await sendTestMail(context())).toMatchObject({
      sentFromSpool: 2,
      accepted: ['admin@example.com'],
    });
  });

  test('keeps a mail that is refused for good and goes on with the next', async () => {
    await failTwice();
    await smtp.close();
    let asked = 0;
    smtp = await startSmtp({
      onData: (stream, _session, done) => {
        const isFirst = asked++ === 0;
        stream.resume().on('end', () => {
          done(
            isFirst
              ? Object.assign(new Error('not this one'), { responseCode: 554 })
              : null,
          );
        });
      },
    });
    const warnings = await notifyAboutRun(runReport(), context());
    expect(warnings).toEqual([
      expect.stringMatching(
        /earlier notifications still wait \(1\).*554 not this one/,
      ),
    ]);
    expect(asked).toBe(3);
    expect(waiting()).toHaveLength(1);
  });

  test('holds fifty mails at most; the oldest go', async () => {
    const ini = `[smtp]\nport=${String(await freePort())}`;
    for (let index = 0; index < 53; index++) {
      await notifyAboutRun(
        runReport(),
        context(ini, { signal: AbortSignal.abort() }),
      );
    }

    expect(waiting()).toHaveLength(50);
    expect(readdirSync(spoolDirectory(dir))).toHaveLength(50);
  });

  test('takes the mail of a run that was told to stop, without a word to any service', async () => {
    expect(
      await notifyAboutRun(
        failedReport(),
        context('', { signal: AbortSignal.abort() }),
      ),
    ).toEqual([]);
    expect(smtp.mails).toHaveLength(0);
    expect(waiting()).toHaveLength(1);
  });

  test('that cannot be written is one more warning, not an error', async () => {
    writeFileSync(spoolDirectory(dir), 'a file in its place');
    const warnings = await notifyAboutRun(
      runReport(),
      context(`[smtp]\nport=${String(await freePort())}`),
    );
    expect(warnings.join()).toMatch(
      /no notification was sent.*nor could it be kept/,
    );
  });

  test('ignores what is not its own', async () => {
    mkdirSync(spoolDirectory(dir));
    writeFileSync(join(spoolDirectory(dir), 'notes.txt'), 'mine');
    await notifyAboutRun(runReport(), context());
    expect(readdirSync(spoolDirectory(dir))).toEqual(['notes.txt']);
  });
});

describe('the password of the SMTP login', () => {
  test('comes from a file that only its owner may read', async () => {
    const ini = `[smtp]\nport=${String(smtp.port)}\nuser=backup\npassword-file=secret`;
    writeFileSync(join(dir, 'secret'), 'tulip-7\n', { mode: 0o644 });
    expect((await notifyAboutRun(runReport(), context(ini))).join()).toMatch(
      /can be read by other users.*mode 644/,
    );
    rmSync(join(dir, 'secret'));
    expect((await notifyAboutRun(runReport(), context(ini))).join()).toMatch(
      /cannot read the password file/,
    );
    writeFileSync(join(dir, 'secret'), 'tulip-7\n', { mode: 0o600 });
    await smtp.close();
    smtp = await startSmtp({ allowInsecureAuth: true });
    const plain = ini.replace(/port=\d+/, `port=${String(smtp.port)}`);
    expect(await notifyAboutRun(runReport(), context(plain))).toEqual([]);
    expect(smtp.logins[0]).toBe('backup:tulip-7');
  });

  test('is in no mail, warning or spool', async () => {
    await smtp.close();
    smtp = await startSmtp({
      allowInsecureAuth: true,
      authOptional: false,
      onAuth: (auth, _session, done) => {
        done(
          new Error(
            `no ${String(auth.password)} ${Buffer.from(String(auth.password)).toString('base64')}`,
          ),
        );
      },
    });
    const env = { KMS_BACKUP_SMTP_PASSWORD: 'tulip-7' };
    const warnings = await notifyAboutRun(
      failedReport(),
      context('[smtp]\nuser=backup', { env }),
    );
    expect(warnings.join()).toContain('the login was refused');
    expect(warnings.join()).not.toMatch(/tulip-7|dHVsaXAtNw/);
  });
});

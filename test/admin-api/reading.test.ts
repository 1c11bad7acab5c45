import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openAdminSession } from '../../src/admin-api/session.js';
import { showRunningLog } from '../../src/jobs/shown-log.js';
import { JsonAnswer } from '../../src/platform/json-answer.js';
import {
  ADMIN_PASSWORD,
  type Fault,
  type Manner,
} from '../helpers/admin-server.js';
import { type AskedServer, startAskedServer } from '../helpers/asked-server.js';
import { expectDescribed } from '../helpers/schemas.js';
import { type Ended, expectDone, expectEnd } from '../helpers/tools.js';

let server: AskedServer;

beforeAll(async () => {
  server = await startAskedServer();
});
afterAll(() => server.end());
beforeEach(() => {
  server.admin.reset();
});

const json = (ended: Ended): Record<string, unknown> => {
  const document = JSON.parse(ended.stdout) as Record<string, unknown>;
  expectDescribed(document);

  return document;
};

const expectLoggedOut = (): void => {
  expect(server.admin.sessions.size).toBe(0);
};

describe('--via api, reading', () => {
  it('shows the settings that the interface has, and no other', async () => {
    server.admin.state.options['rotationLimit'] = 4;
    const shown = json(await server.ask('config', 'show', '--json'));

    expect(shown).toMatchObject({
      file: server.admin.url,
      defaults: [],
      settings: {
        enabled: true,
        'backup-dir': server.backupDir,
        'volume-size': 2_147_483_647,
        keep: 4,
        notify: '',
      },
    });
    expect(Object.keys(shown['settings'] as object)).toHaveLength(5);
    expect(server.admin.called.at(-1)).toBe('Session.logout');
    expectLoggedOut();
  });

  it('shows the schedule of the running server', async () => {
    const shown = json(await server.ask('schedule', 'list', '--json'));

    expect(shown['tasks']).toMatchObject([
      { type: 'full', description: 'Sunday <&> "run"' },
      { type: 'differential' },
    ]);
    expectLoggedOut();
  });

  it('shows the lines of the debug log that are about backups', async () => {
    server.admin.state.log = [
      '[22/Nov/2026 01:00:03][12] {smtps} something',
      '[22/Nov/2026 01:00:04][12] {backup} begun\r\n',
      '[22/Nov/2026 01:00:05][12] {backup} ended',
    ];
    server.admin.state.isLogged = true;
    const shown = json(await server.ask('log', 'show', '--json'));

    expect(shown).toMatchObject({
      isEnabled: true,
      lines: [
        '[22/Nov/2026 01:00:04][12] {backup} begun',
        '[22/Nov/2026 01:00:05][12] {backup} ended',
      ],
    });
  });

  it('shows a log of more than one page', async () => {
    server.admin.state.log = Array.from(
      { length: 23_456 },
      (_, number) => `[22/Nov/2026 01:00:04][12] {backup} ${String(number)}`,
    );
    const { lines } = json(
      await server.ask('log', 'show', '--json'),
    ) as unknown as { lines: string[] };

    expect(lines).toHaveLength(23_456);
    expect(lines.at(-1)).toMatch(/23455$/);
  });

  const lineOf = (text: string): string =>
    `[22/Nov/2026 01:00:04][12] {backup} ${text}`;
  const oldLog = Array.from({ length: 10_010 }, (_, at) =>
    lineOf(`old ${String(at)}`),
  );
  const shorter = [lineOf('new 1'), lineOf('new 2')];
  const longer = oldLog.map((line) => line.replace('old', 'new'));

  it.each<[string, Partial<Manner>, number]>([
    ['grows, and totalItems is of the answer', { totalItems: 'answer' }, 0],
    ['shrinks', { otherLogBefore: { reading: 2, log: shorter } }, 2],
    [
      'shrinks, and what is behind its end are its last lines',
      {
        otherLogBefore: { reading: 2, log: shorter },
        behindTheEnd: 'last-lines',
      },
      2,
    ],
    ['shrinks to nothing', { otherLogBefore: { reading: 2, log: [] } }, 0],
    [
      'has shrunk, and is longer by now',
      { otherLogBefore: { reading: 2, log: longer } },
      10_010,
    ],
  ])('reads on in a log that %s', async (_, manner, newLines) => {
    server.admin.reset(manner);
    server.admin.state.log = [...oldLog];
    const { lines } = json(
      await server.ask('log', 'show', '--json'),
    ) as unknown as { lines: string[] };
    const isSame = newLines === 0 && manner.otherLogBefore === undefined;

    expect(lines).toHaveLength(isSame ? 10_010 : 10_000 + newLines);
    expect(new Set(lines).size).toBe(lines.length);
  });

  it('refuses a log that is another one at each look', async () => {
    let line = 0;
    const calls = {
      name: 'https://127.0.0.1:4040',
      ask: (method: string) =>
        Promise.resolve(
          new JsonAnswer(method, {
            messages: [],
            viewport: [{ content: lineOf(String(++line)) }],
          }),
        ),
      tell: () => Promise.reject(new Error('nothing is told')),
    };
    await expect(showRunningLog(calls)).rejects.toMatchObject({
      code: 'API_ANSWER',
    });
  });

  it.each(['plain', 'zone', 'dashes'] as const)(
    'tells the state of its own backup, times %s',
    async (times) => {
      server.admin.reset({ times });
      server.admin.state.lastMirror = new Date('2026-11-22T01:00:03Z');
      server.admin.state.lastStatus = 'backupStatusFailed';
      const shown = json(await server.ask('status', '--json'));

      expect(shown['runningServer']).toMatchObject({
        address: server.admin.url,
        version: 'Kerio Connect 10.0.8.9228',
        isAtWork: false,
        lastResult: 'failed',
        last: {
          copy: { takenAt: '2026-11-22T01:00:03.000Z', sizeBytes: 12_288 },
        },
      });
      expect(shown['warnings']).toContain(
        "the mail server's own last backup has failed.",
      );
      expectLoggedOut();
    },
  );

  it('reads with the rights of an auditor', async () => {
    server.admin.reset({ role: 'Auditor' });
    expectDone(await server.ask('config', 'show'));
    expectDone(await server.ask('status'));
  });

  it('names what an administrator of accounts may not see', async () => {
    server.admin.reset({ role: 'AccountAdmin' });
    expectEnd(await server.ask('config', 'show'), 1, 'API_REFUSED');
    expectLoggedOut();
  });

  it('asks the file where nobody says otherwise', async () => {
    server.admin.called.length = 0;
    const { kmsInProcess } = await import('../helpers/in-process.js');
    expectDone(
      await kmsInProcess(['config', 'show', '--server-dir', server.serverDir]),
    );
    expect(server.admin.called).toEqual([]);
  });

  it.each(['2014', '2021'] as const)(
    'keeps the cookies of %s',
    async (cookies) => {
      server.admin.reset({ cookies });
      expectDone(await server.ask('config', 'show'));
      expectLoggedOut();
    },
  );

  it('refuses a word that it does not know, and quotes it', async () => {
    const [task] = server.admin.state.tasks;
    if (task) task['day'] = 'Caturday';
    expectEnd(await server.ask('schedule', 'list'), 1, 'API_ANSWER');
  });
});

describe('the way to the administration', () => {
  const certificate = (): string =>
    join(server.serverDir, 'sslcert', 'server.crt');
  const withIni = async (lines: string): Promise<Ended> => {
    writeFileSync(
      join(server.serverDir, 'kms-backup.ini'),
      `[api]\nurl = ${server.admin.url}\n${lines}`,
    );
    return server.ask('config', 'show');
  };

  it('sends no password to a certificate that nobody knows', async () => {
    renameSync(certificate(), `${certificate()}.away`);
    try {
      const ended = await server.ask('config', 'show');
      expectEnd(ended, 1, 'TLS_UNTRUSTED');
      expect(ended.stderr).toContain(server.admin.fingerprint);
      expect(server.admin.called).toEqual([]);

      const found = /fingerprint = [0-9a-f]{64}/.exec(ended.stderr)?.[0] ?? '';
      expectDone(await withIni(`${found}\n`));
    } finally {
      renameSync(`${certificate()}.away`, certificate());
    }
  });

  it('believes a fingerprint alone, where there is one', async () => {
    const ended = await withIni(`fingerprint = ${'ab'.repeat(32)}\n`);
    expectEnd(ended, 1, 'TLS_UNTRUSTED');
    expect(server.admin.called).toEqual([]);
    await withIni('');
  });

  it.each([1000, -32000, -32001])(
    'takes %i for a refused login, which it does not try twice',
    async (wrongPassword) => {
      server.admin.reset({ wrongPassword });
      process.env['KMS_BACKUP_API_PASSWORD'] = 'tulip-wrong';
      try {
        const ended = await server.ask('config', 'show');
        expectEnd(ended, 2, 'LOGIN_REFUSED');
        // The server repeats it; nobody else does.
        expect(ended.stderr).toContain('Invalid login Admin (***)');
        expect(ended.stderr).not.toContain('tulip-wrong');
        expect(server.admin.called).toEqual(['Session.login']);
      } finally {
        process.env['KMS_BACKUP_API_PASSWORD'] = ADMIN_PASSWORD;
      }
    },
  );

  it('takes the password out of a file that nobody else may read', async () => {
    Reflect.deleteProperty(process.env, 'KMS_BACKUP_API_PASSWORD');
    const file = join(server.serverDir, 'api password');
    try {
      expectEnd(await withIni(''), 2, 'USAGE');
      writeFileSync(file, `${ADMIN_PASSWORD}\n`, { mode: 0o600 });
      expectDone(await withIni('password-file = api password\n'));
    } finally {
      rmSync(file, { force: true });
      process.env['KMS_BACKUP_API_PASSWORD'] = ADMIN_PASSWORD;
      await withIni('');
    }
  });

  it.each<[Fault, string, RegExp]>([
    ['403', 'API_REFUSED', /lets nobody in from here/],
    ['502', 'API_UNREACHABLE', /HTTP 502/],
    ['redirect', 'API_UNREACHABLE', /HTTP 302/],
    ['reset', 'API_UNREACHABLE', /no whole answer/],
    ['cut', 'API_ANSWER', /no whole JSON/],
  ])(
    'says what is wrong at a %s, and takes its leave',
    async (does, code, words) => {
      server.admin.reset({ fault: { method: 'Backup.get', does } });
      const ended = await server.ask('config', 'show');
      expectEnd(ended, 1, code);
      expect(ended.stderr).toMatch(words);
      expectLoggedOut();

      server.admin.reset({ fault: { method: 'Session.login', does } });
      expectEnd(await server.ask('config', 'show'), 1, code);
    },
  );

  it.each([
    ['silence', { silenceMs: 300 }, /no word within/],
    ['dribble', { answerMs: 300 }, /no whole answer within/],
  ] as const)(
    'waits for no answer for ever: %s',
    async (does, limits, words) => {
      server.admin.reset({ fault: { method: 'Server.getVersion', does } });
      const { host, port } = { host: '127.0.0.1', port: server.admin.port };
      const session = await openAdminSession(
        {
          host,
          port,
          user: 'Admin',
          password: ADMIN_PASSWORD,
          fingerprint: server.admin.fingerprint,
          certificates: [],
          ...limits,
        },
        new AbortController().signal,
      );
      await expect(session.ask('Server.getVersion')).rejects.toMatchObject({
        code: 'API_UNREACHABLE',
        message: expect.stringMatching(words) as string,
      });
      await session.close();
      expectLoggedOut();
    },
  );

  it('opens a session anew that the server has ended, once and to read', async () => {
    server.admin.reset({ dieBefore: 3 });
    expectDone(await server.ask('config', 'show'));
    expect(
      server.admin.called.filter((method) => method === 'Session.login'),
    ).toHaveLength(2);
    expectLoggedOut();
  });

  it('names an address that is none, with its line', async () => {
    writeFileSync(
      join(server.serverDir, 'kms-backup.ini'),
      '[api]\nurl = http://127.0.0.1:4040\n',
    );
    expectEnd(await server.ask('config', 'show'), 2, 'CONFIGURATION');
    await withIni('');
  });
});

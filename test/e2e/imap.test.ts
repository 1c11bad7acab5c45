import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  type Dovecot,
  HAS_DOVECOT,
  MASTER,
  startDovecot,
  USER_PASSWORD,
} from '../helpers/dovecot.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { expectDescribed } from '../helpers/schemas.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  expectEnd,
  QUIET_ENVIRONMENT,
  type Ended,
} from '../helpers/tools.js';

const isThorough = process.env['KMS_TEST_THOROUGH'] === '1';
const MANY = isThorough ? 5_000 : 120;
/** So many bytes have gone to the server when the program is killed: it logs in, looks, sends one of them. */
const KILLS = isThorough
  ? [700, 1_500, 2_222, 3_333, 5_000, 8_000, 11_111, 12_000]
  : [8_000];
const SOME = 60;

const mail = (id: string, body = 'words'): string =>
  `From: a@example.com\r\nSubject: ${id}\r\nMessage-ID: <${id}@example.com>\r\n\r\n${body}\r\n`;
const WITHOUT_ID =
  'From: a@example.com\nDate: Tue, 17 Nov 2026 09:30:00 +0100\nSubject: none\n\nwords\n';

/** What each test asks for goes to an account of its own. */
let accounts = 0;
const newUser = (): string => `user${String(++accounts)}@example.com`;

describe.skipIf(!HAS_DOVECOT)('recover --imap, with a real dovecot', () => {
  let dir = '';
  let server: Installation;
  let dovecot: Dovecot;

  beforeAll(async () => {
    dir = temporaryDirectory('imap');
    dovecot = await startDovecot();
    server = buildServer();
    process.env['KMS_BACKUP_IMAP_PASSWORD'] = USER_PASSWORD;
    expectDone(await kmsInProcess(['backup', 'full', ...ofServer()]));
  });
  afterAll(async () => {
    Reflect.deleteProperty(process.env, 'KMS_BACKUP_IMAP_PASSWORD');
    await dovecot.stop();
    removeTemporary(dir);
  });

  const ofServer = (): string[] => ['--server-dir', server.serverDir];
  const words = (folder: string, user: string, ...more: string[]): string[] => [
    ...['recover', server.backupDir, '-u', 'alice@example.com', '-f', folder],
    ...['--to-user', user, '--yes', ...ofServer(), ...more],
  ];
  const at = (port: number): string[] => [
    '--imap',
    `localhost:${String(port)}`,
  ];
  const trusted = (port = dovecot.port): string[] => [
    ...at(port),
    '--ca-file',
    dovecot.certFile,
  ];
  const put = (...given: Parameters<typeof words>): Promise<Ended> =>
    kmsInProcess(words(...given));

  it('adds messages with date and flags, and a second call adds none', async () => {
    const user = newUser();
    const json = await kmsJsonInProcess(
      words('INBOX', user, ...trusted(), '--into', 'Back/In', '--json'),
    );

    expect(json.status).toBe(0);
    expectDescribed(json.json);
    expect(json.json).toMatchObject({ added: 5, skipped: 0, refused: [] });

    const there = await contentOf(user, 'Back/In');
    expect(there.map(({ flags }) => flags)).toEqual([
      ['\\Answered', '\\Seen'],
      ['\\Draft', '\\Flagged'],
      [],
    ]);
    expect(there[0]?.date).toEqual(new Date(0x43032abf * 1000));
    // Lines that end in LF alone end in CR and LF on the server.
    const [first, ...twins] = await contentOf(user, 'Back/In/Ärzte & Co');
    expect(first?.text).toBe(WITHOUT_ID.replaceAll('\n', '\r\n'));
    expect(twins).toHaveLength(1);

    const again = await put('INBOX', user, ...trusted(), '--into', 'Back/In');
    expectDone(again);
    expect(again.stdout).toContain('0 messages');
    expect(again.stdout).toContain('skipped 5');
    expect(await contentOf(user, 'Back/In')).toHaveLength(3);
  });

  it('looks at everything and writes nothing with --dry-run', async () => {
    const user = newUser();
    const ended = await put('INBOX', user, ...trusted(), '--dry-run');

    expectDone(ended);
    expect(ended.stdout).toContain('Would add 5 messages');
    expect(await foldersOf(user)).toEqual(['INBOX']);
  });

  it('takes one message by its name, with TLS, by fingerprint', async () => {
    const user = newUser();
    const name = 'example.com/alice/INBOX/00000002';
    const secure = ['--imap-tls', 'tls', '--fingerprint', dovecot.fingerprint];
    const ended = await put(
      'INBOX',
      user,
      ...at(dovecot.tlsPort),
      ...secure,
      ...['--message', name, '--into', 'INBOX'],
    );

    expectDone(ended);
    expect(await contentOf(user, 'INBOX')).toHaveLength(1);
  });

  it('lets a master user act for another', async () => {
    const user = newUser();
    const file = join(dir, 'master password');
    writeFileSync(file, `${MASTER.password}\n`, { mode: 0o600 });
    Reflect.deleteProperty(process.env, 'KMS_BACKUP_IMAP_PASSWORD');

    try {
      const master = ['--auth-as', MASTER.name, '--imap-password-file', file];
      expectDone(await put('INBOX', user, ...trusted(), ...master));
    } finally {
      process.env['KMS_BACKUP_IMAP_PASSWORD'] = USER_PASSWORD;
    }

    expect(await foldersOf(user)).toHaveLength(4);
  });

  it('refuses whom it does not trust, before the password is sent', async () => {
    const user = newUser();
    expectEnd(
      await put('INBOX', user, ...at(dovecot.port)),
      1,
      'TLS_UNTRUSTED',
    );

    const other = `${'0'.repeat(62)}ff`;
    const ended = await put(
      'INBOX',
      user,
      ...at(dovecot.port),
      '--fingerprint',
      other,
    );
    expectEnd(ended, 1, 'TLS_UNTRUSTED');
  });

  it('says that a login was refused, and never the password', async () => {
    process.env['KMS_BACKUP_IMAP_PASSWORD'] = 'wrong-secret';

    try {
      const ended = await put('INBOX', newUser(), ...trusted());
      expectEnd(ended, 2, 'LOGIN_REFUSED');
      expect(ended.stderr).not.toContain('wrong-secret');
    } finally {
      process.env['KMS_BACKUP_IMAP_PASSWORD'] = USER_PASSWORD;
    }
  });

  it('stops where the quota is full, and says what stays', async () => {
    const ended = await put('Large', 'full@example.com', ...trusted());

    expectEnd(ended, 14, 'QUOTA_FULL');
    expect(ended.stderr).toMatch(/what was added before stays: 1 message/);
  });

  it('names a message that the server refuses, and adds the others', async () => {
    const user = newUser();
    const ended = await put('Odd', user, ...trusted());

    expect(ended.status).toBe(3);
    expect(ended.stdout).toContain('Refused   example.com/alice/Odd/00000001');
    expect(ended.stdout).toContain('1 entry of calendars and address books');
    expect(await contentOf(user, 'Recovered', 'Odd')).toHaveLength(1);
  });

  it('names folders as the server takes them', async () => {
    const user = newUser();
    expectDone(await put('v1.2', user, ...trusted(), '--into', 'Dots'));
    expectDone(await put('v1.2', user, ...trusted()));

    const folders = await foldersOf(user);
    expect(folders.some((path) => /^Recovered .*\/v1_2$/.test(path))).toBe(
      true,
    );
  });

  it('goes on where a connection dies and a server starts again, and adds nothing twice', async () => {
    const user = newUser();
    const proxy = await meddlingProxy(dovecot.port, [
      { afterBytes: 12_000, does: () => undefined },
      { afterBytes: 20_011, does: () => dovecot.restart() },
    ]);

    try {
      const ended = await put('Many', user, ...trusted(proxy.port));
      expectDone(ended);
      expect(ended.stdout).toContain('was made again');
      expect(ended.stdout).toContain(`Added     ${MANY.toLocaleString('en')}`);
    } finally {
      await proxy.stop();
    }

    await expectWhole(user, 'Many', MANY);

    const again = await put('Many', user, ...trusted());
    expectDone(again);
    expect(again.stdout).toMatch(/^Added     0 messages/m);
  });

  it.each(KILLS)(
    'killed after %i bytes it is taken up by the next call; none gets in between',
    async (afterBytes) => {
      const user = newUser();
      let second: Ended | undefined;
      const does = async (): Promise<void> => {
        second = await put('Some', user, ...trusted());
        child.kill('SIGKILL');
      };

      const proxy = await meddlingProxy(dovecot.port, [{ afterBytes, does }]);
      const child = spawn(
        process.execPath,
        [BINARY, ...words('Some', user, ...trusted(proxy.port))],
        { stdio: 'ignore', env: { ...process.env, ...QUIET_ENVIRONMENT } },
      );

      try {
        expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
      } finally {
        await proxy.stop();
      }

      if (second) expectEnd(second, 11, 'LOCKED');
      expect(second?.stderr).toContain(`the account ${user}`);
      expectDone(await put('Some', user, ...trusted()));
      await expectWhole(user, 'Some', SOME);
    },
  );

  it('speaks to a server of dots, with a prefix and no extensions', async () => {
    const user = 'dots@example.com';
    const way = ['--imap-tls', 'none', '--into', 'inbox/Back', '--json'];
    const host = `${dovecot.plainHost}:${String(dovecot.port)}`;
    const { status, json } = await kmsJsonInProcess(
      words('Dots', user, '--imap', host, ...way),
    );
    const of = (
      to: string,
      from: string,
      counts: { added: number; skipped: number },
    ): object => ({ from, to, isRenamed: false, isNew: true, ...counts });
    const one = { added: 1, skipped: 0 };

    const folders = (json['folders'] as { from: string }[]).sort((a, b) =>
      a.from < b.from ? -1 : 1,
    );

    expect(status).toBe(3);
    expect({ ...json, folders }).toMatchObject({
      refused: [{ name: 'example.com/alice/Dots/00000002' }],
      redated: 2,
      folders: [
        of('INBOX/Back', 'Dots', { added: 3, skipped: 0 }),
        {
          ...of('INBOX/Back/v1_2 (2)', 'Dots/v1.2', one),
          isRenamed: true,
        },
        {
          ...of('INBOX/Back/v1_2 (2)/Ärzte & Co', 'Dots/v1.2/Ärzte & Co', one),
          isRenamed: true,
        },
        of('INBOX/Back/v1_2', 'Dots/v1_2', one),
      ],
    });
    expect(await foldersOf(user)).toEqual([
      'INBOX',
      'INBOX.Back',
      'INBOX.Back.v1_2',
      'INBOX.Back.v1_2 (2)',
      'INBOX.Back.v1_2 (2).Ärzte & Co',
    ]);
    const [early, , dated] = await contentOf(user, 'INBOX.Back');
    expect(early?.date).toEqual(new Date(0x43032abf * 1000));
    expect(dated?.date).toEqual(new Date('2026-11-17T08:30:00Z'));
  });

  it('adds nothing to a folder that cannot be opened, and says so', async () => {
    const user = newUser();
    const into = ['--into', 'Closed'];
    expectDone(await put('v1.2', user, ...trusted(), ...into));
    const place = dovecot.placeOf(user, 'Closed');
    chmodSync(place, 0o000);
    const ended = await put('v1.2', user, ...trusted(), ...into);
    chmodSync(place, 0o700);

    expect(ended.status).toBe(3);
    expect(ended.stdout).toMatch(/Refused .*v1\.2\/00000001: folder Closed/);
    expect(await contentOf(user, 'Closed')).toHaveLength(1);
  });

  async function expectWhole(
    user: string,
    folder: string,
    count: number,
  ): Promise<void> {
    const there = await contentOf(user, 'Recovered', folder);
    expect(there).toHaveLength(count);
    expect(new Set(there.map(({ text }) => text)).size).toBe(count);
  }

  it('refuses flags that are about files, and mail of several users', async () => {
    const additive = await put('INBOX', newUser(), ...trusted(), '--additive');
    expectEnd(additive, 2, 'USAGE');

    const all = [server.backupDir, ...trusted(), '--yes', ...ofServer()];
    expectEnd(await kmsInProcess(['recover', ...all]), 2, 'USAGE');
  });

  /** The messages of a folder; with a second name, of that folder below the one that begins with the first. */
  async function contentOf(
    user: string,
    folder: string,
    below?: string,
  ): Promise<{ flags: string[]; date: unknown; text: string }[]> {
    return withClient(user, async (client) => {
      const paths = (await client.list()).map(({ path }) => path);
      const path = paths.find((one) =>
        below === undefined
          ? one === folder
          : one.startsWith(folder) && one.endsWith(`/${below}`),
      );
      await client.mailboxOpen(path ?? folder);
      const query = { flags: true, internalDate: true, source: true };
      const all: { flags: string[]; date: unknown; text: string }[] = [];

      for await (const found of client.fetch('1:*', query)) {
        all.push({
          flags: [...(found.flags ?? [])]
            .filter((flag) => flag !== '\\Recent')
            .sort(),
          date: found.internalDate,
          text: found.source?.toString() ?? '',
        });
      }

      return all;
    });
  }

  function foldersOf(user: string): Promise<string[]> {
    return withClient(user, async (client) =>
      (await client.list()).map(({ path }) => path),
    );
  }

  async function withClient<T>(
    user: string,
    work: (client: ImapFlow) => Promise<T>,
  ): Promise<T> {
    const client = new ImapFlow({
      host: 'localhost',
      port: dovecot.port,
      doSTARTTLS: false,
      auth: { user, pass: USER_PASSWORD },
      logger: false,
    });
    await client.connect();

    try {
      return await work(client);
    } finally {
      await client.logout();
    }
  }

  function buildServer(): Installation {
    const many = Array.from({ length: MANY }, (_, at): [string, string] => [
      `${(at + 1).toString(16).padStart(8, '0')}.eml`,
      mail(`many${String(at)}`),
    ]);
    const some = many.slice(0, SOME);

    return buildInstallation(join(dir, 'server'), {
      store: {
        mail: {
          'example.com': {
            alice: {
              INBOX: {
                'index.fld':
                  'U00000001 F80000003 S1 D43032abf\r\nU00000002 F80000014 S1 D43032abf\r\n',
                '#msgs': {
                  '00000001.eml': mail('one'),
                  '00000002.eml': mail('two'),
                  '00000003.eml': mail('three'),
                },
                '&AMQ-rzte &- Co': {
                  '#msgs': {
                    '00000001.eml': WITHOUT_ID,
                    '00000002.eml': WITHOUT_ID,
                  },
                },
              },
              Large: {
                '#msgs': {
                  '00000001.eml': mail('small'),
                  '00000002.eml': mail('large', 'x'.repeat(9_000)),
                },
              },
              Odd: {
                '#msgs': {
                  '00000001.eml': '',
                  '00000002.eml': mail('sound'),
                  '00000003.eml':
                    'Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n',
                },
              },
              'v1.2': { '#msgs': { '00000001.eml': mail('dot') } },
              Dots: {
                'index.fld': [1, 2, 3, 4]
                  .map((at) => {
                    const date = at > 2 ? '00000000' : '43032abf';

                    return `U0000000${String(at)} F80000000 S1 D${date}\r\n`;
                  })
                  .join(''),
                '#msgs': {
                  '00000001.eml': mail('early'),
                  '00000002.eml': mail('large', 'x'.repeat(9_000)),
                  '00000003.eml': mail('undated'),
                  '00000004.eml': WITHOUT_ID,
                },
                'v1.2': {
                  '#msgs': { '00000001.eml': mail('v1.2') },
                  '&AMQ-rzte &- Co': {
                    '#msgs': { '00000001.eml': mail('deep') },
                  },
                },
                v1_2: { '#msgs': { '00000001.eml': mail('v1_2') } },
              },
              Many: { '#msgs': Object.fromEntries<string>(many) },
              Some: { '#msgs': Object.fromEntries<string>(some) },
            },
            bob: { INBOX: { '#msgs': { '00000001.eml': mail('bob') } } },
          },
        },
      },
    });
  }
});

/** What happens to a connection when so many bytes of the client have gone to the server; then it dies. */
interface Meddling {
  readonly afterBytes: number;
  readonly does: () => unknown;
}

/** Passes bytes on to a server; something happens to each of the first connections in the middle of what the client says. */
async function meddlingProxy(
  port: number,
  plan: Meddling[],
): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const proxy: Server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    const fate = plan.shift();
    let left = fate?.afterBytes ?? Infinity;

    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }

    upstream.pipe(client);
    client.on('data', (bytes) => {
      if (left <= 0) return;
      upstream.write(bytes.subarray(0, left));
      left -= bytes.length;
      if (left > 0) return;

      void Promise.resolve(fate?.does()).then(() => client.destroy());
    });
  });

  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();

  return {
    port: typeof address === 'object' && address ? address.port : 0,
    stop: () => {
      for (const socket of sockets) socket.destroy();

      return new Promise((resolve) => {
        proxy.close(() => {
          resolve();
        });
      });
    },
  };
}

import { readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openAdminSession } from '../../src/admin-api/session.js';
import { makeServerCopy } from '../../src/jobs/watch-copy.js';
import { ADMIN_PASSWORD, type Manner } from '../helpers/admin-server.js';
import { type AskedServer, startAskedServer } from '../helpers/asked-server.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import { expectDescribed } from '../helpers/schemas.js';
import {
  type Ended,
  expectDone,
  expectEnd,
  type Json,
} from '../helpers/tools.js';

const isThorough = process.env['KMS_TEST_THOROUGH'] === '1';
let server: AskedServer;
/** What the server's archive suffers before anybody sees it. */
let damages = false;
let isLost = false;

beforeAll(async () => {
  // The server's own copy: an archive in its own words, at the moment that it tells.
  server = await startAskedServer(async ({ serverDir, backupDir }) => {
    const { status, json } = await kmsJsonInProcess([
      ...['backup', 'copy', '--no-rotate', '--server-dir', serverDir],
    ]);
    expect(status).toBe(0);
    const name = String(json['archive']);
    const path = join(backupDir, name);
    if (damages) truncateSync(path, 900);
    if (isLost) rmSync(path);

    const [, ...parts] =
      /^C(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(name) ?? [];
    const [year, month, day, hour, minute, second] = parts.map(Number);

    return new Date(
      Date.UTC(
        year ?? 0,
        (month ?? 1) - 1,
        day ?? 1,
        hour ?? 0,
        minute ?? 0,
        second ?? 0,
      ),
    );
  });
});
afterAll(() => server.end());
beforeEach(() => {
  server.admin.reset();
  damages = false;
  isLost = false;
});

const copies = (): string[] =>
  readdirSync(server.backupDir).filter((name) => /^C.*\.zip$/.test(name));
const copy = (...words: readonly string[]): Promise<Ended> =>
  server.ask('backup', 'copy', ...words);

describe('backup copy --via api', () => {
  it('has the server make it, follows it and reads every byte', async () => {
    const ended = await copy('--json', '--progress', 'json');

    expectDone(ended);
    const document = JSON.parse(ended.stdout) as Json;
    expectDescribed(document);
    expect(document).toMatchObject({
      schema: 'kms-backup/server-copy/1',
      server: server.admin.url,
      archive: copies().at(-1),
      isSound: true,
      problems: [],
    });
    expect(server.admin.lastParams.get('Backup.start')).toEqual({
      backupType: 'backupTypeMirror',
    });
    expect(ended.stderr).toMatch(/"phase":"server copy","doneItems":\d0,/);
    expect(server.admin.sessions.size).toBe(0);

    const { runs } = (
      await kmsJsonInProcess(['history', '--server-dir', server.serverDir])
    ).json as unknown as { runs: Json[] };
    expect(runs.at(-1)).toMatchObject({
      command: 'backup copy',
      exitCode: 0,
    });
    const listed = await kmsJsonInProcess([
      ...['list-archives', server.backupDir],
    ]);
    expect(JSON.stringify(listed.json)).toContain('verifiedAt');
  });

  it.each<Partial<Manner>>([
    { progress: 'one-poll-later' },
    { fault: { method: 'Backup.start', does: 'reset-after' } },
    // In the middle of the copy.
    { dieBefore: 8 },
  ])('is right with %j', async (manner) => {
    const before = copies().length;
    server.admin.reset(manner);
    expectDone(await copy());
    expect(copies()).toHaveLength(before + 1);
    expect(
      server.admin.called.filter((method) => method === 'Backup.start'),
    ).toHaveLength(1);
  });

  it.each<[Partial<Manner>, string, RegExp]>([
    [{ copy: 'failed' }, 'FAILED', /says that its copy has failed/],
    [{ copy: 'failed-at-once' }, 'FAILED', /says that its copy has failed/],
    [{ role: 'Auditor' }, 'API_RIGHTS', /nothing was changed/],
    [
      { fault: { method: 'Backup.start', does: 'cut' } },
      'API_ANSWER',
      /no whole JSON/,
    ],
  ])('ends with 1 with %j', async (manner, code, words) => {
    server.admin.reset(manner);
    const ended = await copy();
    expectEnd(ended, 1, code);
    expect(ended.stderr).toMatch(words);
    expect(server.admin.sessions.size).toBe(0);
  });

  it('begins nothing while the server is at work', async () => {
    server.admin.state.run = { polls: 1, failed: false };
    const ended = await copy();
    expectEnd(ended, 11, 'LOCKED');
    expect(server.admin.called).not.toContain('Backup.start');
  });

  it.each(['error', 'ignored'] as const)(
    'meets a copy that began unseen: %s',
    async (startWhileRunning) => {
      server.admin.reset({ startWhileRunning, progress: 'one-poll-later' });
      server.admin.state.run = { polls: -1, failed: false };
      const ended = await copy();
      if (startWhileRunning === 'ignored') {
        expectDone(ended);
      } else {
        expectEnd(ended, 1, 'API_REFUSED');
        expect(ended.stderr).toContain('a backup is running');
      }
    },
  );

  it('says that the archive of the server is damaged', async () => {
    damages = true;
    const ended = await copy('--json');
    expect(ended.status).toBe(4);
    const document = JSON.parse(ended.stdout) as Json;
    expectDescribed(document);
    expect(document).toMatchObject({ isSound: false });
    for (const name of copies()) rmSync(join(server.backupDir, name));
  });

  it.runIf(isThorough)('says that it finds no archive', async () => {
    isLost = true;
    const ended = await copy();
    expectEnd(ended, 1, 'FAILED');
    expect(ended.stderr).toContain('there is no new one');
  });

  it('begins nothing where its directory is not on this machine', async () => {
    server.admin.state.options.paths['backupPath'] = '/nowhere/at/all';
    expectEnd(await copy(), 10, 'NOT_FOUND');
    expect(server.admin.called).not.toContain('Backup.start');
  });

  it.each(['--dry-run', '--level=9', '--no-rotate', '--mask=cfg', '--pin'])(
    'refuses %s, which the server does not know',
    async (word) => {
      expectEnd(await copy(word), 2, 'USAGE');
      expect(server.admin.called).toEqual([]);
    },
  );

  it('makes it itself where nobody says otherwise', async () => {
    expectDone(
      await kmsInProcess([
        ...['backup', 'copy', '--server-dir', server.serverDir],
      ]),
    );
    expect(server.admin.called).toEqual([]);
  });
});

describe('the watch over a copy', () => {
  const watch = async (restMs: number): Promise<Date> => {
    const { signal } = new AbortController();
    const session = await openAdminSession(
      {
        host: '127.0.0.1',
        port: server.admin.port,
        user: 'Admin',
        password: ADMIN_PASSWORD,
        fingerprint: server.admin.fingerprint,
        certificates: [],
      },
      signal,
    );

    return makeServerCopy(session, {
      signal,
      onProgress: () => undefined,
      onBegun: () => {
        const { fault } = server.admin.manner;
        if (fault?.method === 'later') {
          Object.assign(server.admin.manner, {
            fault: { ...fault, method: 'Backup.getStatus' },
          });
        }
      },
      pausesMs: [5],
      restMs,
    });
  };

  it('ends where the server begins nothing', async () => {
    server.admin.reset({ copy: 'never' });
    await expect(watch(50)).rejects.toThrow('has not begun one');
  });

  it('ends where nobody answers any more, and says that the copy may go on', async () => {
    server.admin.reset({ fault: { method: 'later', does: '502' } });
    await expect(watch(60_000)).rejects.toMatchObject({
      code: 'API_UNREACHABLE',
      message: expect.stringContaining('may go on with its copy') as string,
    });
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Manner } from '../helpers/admin-server.js';
import { type AskedServer, startAskedServer } from '../helpers/asked-server.js';
import { expectDescribed } from '../helpers/schemas.js';
import { type Ended, expectDone, expectEnd } from '../helpers/tools.js';

let server: AskedServer;
let file = '';

const fileText = (): string =>
  readFileSync(join(server.serverDir, 'mailserver.cfg'), 'utf8');

beforeAll(async () => {
  server = await startAskedServer();
  file = fileText();
});
afterAll(async () => {
  // Whatever the server was told, the file is nobody's business here.
  expect(fileText()).toBe(file);
  await server.end();
});
beforeEach(() => {
  server.admin.reset();
});

const set = (...words: readonly string[]): Promise<Ended> =>
  server.ask('config', 'set', ...words);
const withManner = (manner: Partial<Manner>): void => {
  server.admin.reset(manner);
};

const wrote = (): string[] =>
  server.admin.called.filter((method) => /\.(set|start)/.test(method));

describe('config set --via api', () => {
  it('tells the server the smallest thing, and believes what it says then', async () => {
    const before = structuredClone(server.admin.state.options);
    const ended = await set('keep=3', 'backup-dir=/mnt/elsewhere', '--json');

    expectDone(ended);
    const document = JSON.parse(ended.stdout) as object;
    expectDescribed(document);
    expect(document).toMatchObject({
      file: server.admin.url,
      isChanged: true,
      changed: [
        { name: 'keep', from: 7, to: 3 },
        { name: 'backup-dir', to: '/mnt/elsewhere' },
      ],
    });
    expect(server.admin.lastParams.get('Backup.set')).toEqual({
      options: {
        rotationLimit: 3,
        paths: { backupPath: '/mnt/elsewhere' },
      },
    });
    expect(server.admin.state.options).toEqual({
      ...before,
      rotationLimit: 3,
      paths: { ...before.paths, backupPath: '/mnt/elsewhere' },
    });
    expect(server.admin.sessions.size).toBe(0);
  });

  it('tells nothing where nothing is another, or for a dry run', async () => {
    expectDone(await set('keep=7', 'enabled=true', 'volume-size=2GiB'));
    const dry = await set('keep=3', '--dry-run');
    expectDone(dry);
    expect(dry.stdout).toMatch(/RotationLimit">3/);
    expect(wrote()).toEqual([]);
  });

  it('sets every key that the interface has', async () => {
    expectDone(
      await set('enabled=false', 'volume-size=600MiB', 'notify=a@example.com'),
    );
    expect(server.admin.state.options).toMatchObject({
      isEnabled: false,
      splitSizeLimit: 600,
      notificationEmailAddress: 'a@example.com',
    });
  });

  it.each([
    'keep-differentials=true',
    'keep-differentials=false',
    'include-mail=true',
    'create-backup-dir=true',
    'network-disk-user=nas',
    'volume-size=600MB',
  ])('refuses %s, which the interface has not', async (word) => {
    expectEnd(await set('keep=3', word), 2, 'USAGE');
    expect(wrote()).toEqual([]);
  });

  it('says that --force is for the file', async () => {
    expectEnd(await set('keep=3', '--force'), 2, 'USAGE');
    expect(server.admin.called).toEqual([]);
  });

  it.each(['Auditor', 'AccountAdmin', 'UserRole'])(
    'asks who it is before it changes anything: %s',
    async (role) => {
      withManner({ role });
      const code = role === 'Auditor' ? 'API_RIGHTS' : 'API_REFUSED';
      expectEnd(await set('keep=3'), 1, code);
      expect(wrote()).toEqual([]);
    },
  );

  it('quotes a role that nobody has heard of', async () => {
    withManner({ role: 'BuiltInAdmin' });
    expectDone(await set('keep=3'));
    withManner({ role: 'FullAdmin' });
    server.admin.manner.role = 'NightWatch';
    expect((await set('keep=3')).status).toBe(1);
    expect(wrote()).toEqual([]);
  });

  it.each<[Partial<Manner>, string, string]>([
    [{ optionsSet: 'all' }, 'API_REFUSED', 'nothing was changed'],
    [{ ignoresSet: true }, 'API_NOT_TAKEN', 'wanted 3, found 7'],
    [
      { setsMore: true },
      'API_NOT_TAKEN',
      'isEnabled: wanted true, found false',
    ],
    [
      { fault: { method: 'Backup.set', does: 'reset' } },
      'API_UNREACHABLE',
      'nothing was changed',
    ],
    [
      { fault: { method: 'Backup.set', does: '502' } },
      'API_UNREACHABLE',
      'nothing was changed',
    ],
    // The third reading is the one after the set.
    [
      { otherComesBefore: [3] },
      'API_NOT_TAKEN',
      'notificationEmailAddress: wanted "", found "other3@example.com"',
    ],
    // Login, three questions, and then who we are: a session that dies at the set is not renewed for it.
    [{ dieBefore: 7 }, 'API_SESSION_OVER', 'nothing was changed'],
  ])('refuses %j', async (manner, code, words) => {
    withManner(manner);
    const ended = await set('keep=3');

    expectEnd(ended, 1, code);
    expect(ended.stderr).toContain(words);
    expect(wrote()).toEqual(['Backup.set']);
    expect(server.admin.sessions.size).toBe(0);
  });

  it.each<Partial<Manner>>([
    { optionsSet: 'no-status' },
    { diskPassword: '' },
    { diskPassword: 'tulip-seven-network' },
    { fault: { method: 'Backup.set', does: 'reset-after' } },
    { fault: { method: 'Session.logout', does: 'reset' } },
  ])('is right with %j', async (manner) => {
    withManner(manner);
    const ended = await set('keep=3');

    expectDone(ended);
    expect(server.admin.state.options['rotationLimit']).toBe(3);
    expect(server.admin.state.options['networkDiskPassword']).toBe('');
    expect(ended.stdout + ended.stderr).not.toContain('tulip');
  });

  it('plans anew for what somebody else has left', async () => {
    withManner({ otherComesBefore: [2] });
    expectDone(await set('keep=3'));
    expect(server.admin.state.options).toMatchObject({
      rotationLimit: 3,
      notificationEmailAddress: 'other2@example.com',
    });
  });

  it('says that a size was cut', async () => {
    withManner({ capsSize: true });
    server.admin.state.options['splitSizeLimit'] = 600;
    const ended = await set('volume-size=2GiB');
    expectEnd(ended, 1, 'API_NOT_TAKEN');
    expect(ended.stderr).toContain('splitSizeLimit: wanted 2048, found 2047');
  });

  it('shows no password of a disk that changed meanwhile', async () => {
    withManner({ diskPassword: 'tulip-seven-network' });
    server.admin.manner.ignoresSet = true;
    const ended = await set('keep=3');
    expect(ended.stderr).not.toContain('tulip');
  });
});

describe('schedule … --via api', () => {
  const daysOf = (): unknown[] =>
    server.admin.state.tasks.map(({ day }) => day);

  it.each(['kept', 'new'] as const)(
    'changes one task and sends the others as they were, ids %s',
    async (taskIds) => {
      withManner({ taskIds });
      const [, other] = structuredClone(server.admin.state.tasks);
      expectDone(await server.ask('schedule', 'edit', '1', '--time', '02:30'));

      expect(server.admin.state.tasks[0]).toMatchObject({
        time: { hours: 2, minutes: 30, seconds: 0, extra: 1 },
        extra: 'kept',
      });
      const { scheduleList } = server.admin.lastParams.get(
        'Backup.setScheduleList',
      ) as { scheduleList: unknown[] };
      expect(scheduleList[1]).toEqual(other);
      expect(wrote()).toEqual(['Backup.setScheduleList']);
    },
  );

  it('finds a task by the id that the server gave it', async () => {
    const id = String(server.admin.state.tasks[1]?.['id']);
    expectDone(await server.ask('schedule', 'rm', id));
    expect(daysOf()).toEqual(['Sunday']);
  });

  it('adds, removes and resets', async () => {
    const add = ['--type', 'diff', '--day', 'weekdays', '--time', '03:15'];
    expectDone(await server.ask('schedule', 'add', ...add));
    expect(server.admin.state.tasks).toHaveLength(7);
    expectDone(await server.ask('schedule', 'add', ...add));
    expect(server.admin.state.tasks).toHaveLength(7);
    expectDone(await server.ask('schedule', 'rm', '1', '2', '3'));
    expect(server.admin.state.tasks).toHaveLength(4);
    expectDone(await server.ask('schedule', 'reset'));
    expect(daysOf()[0]).toBe('Sunday');
    expect(server.admin.state.tasks).toHaveLength(7);

    const emptied = await server.ask('schedule', 'rm', '--all');
    expectDone(emptied);
    expect(emptied.stderr).toMatch(/restores its default/);
    expect(server.admin.state.tasks).toEqual([]);
  });

  it('is refused where the server wants an id of a task that has none', async () => {
    withManner({ newTask: 'empty-id' });
    const add = ['--type', 'diff', '--day', 'tue', '--time', '03:15'];
    const ended = await server.ask('schedule', 'add', ...add);
    expectEnd(ended, 1, 'API_REFUSED');
    expect(ended.stderr).toContain('nothing was changed');
  });

  it.each<[Partial<Manner>, string]>([
    [{ ignoresSet: true }, 'a task was not asked for'],
    [{ setsMore: true }, 'a task is missing'],
  ])('says what the server made of it: %j', async (manner, words) => {
    withManner(manner);
    const ended = await server.ask('schedule', 'rm', '1');
    if (manner.setsMore) expect(server.admin.state.tasks).toHaveLength(0);
    expectEnd(ended, 1, 'API_NOT_TAKEN');
    expect(ended.stderr).toContain(words);
  });
});

describe('log enable|disable --via api', () => {
  const enable = (): Promise<Ended> =>
    server.ask('log', 'enable', 'store-backup');

  it.each([['Store Backup'], ['store backup']])(
    'turns one switch: %s',
    async (name) => {
      withManner({ leaf: [name] });
      expectDone(await enable());
      expect(server.admin.state.isLogged).toBe(true);
      const { messages } = server.admin.lastParams.get('Logs.setMessages') as {
        messages: unknown[];
      };
      expect(messages).toHaveLength(3);

      expectDone(await server.ask('log', 'disable', 'store-backup'));
      expect(server.admin.state.isLogged).toBe(false);
      server.admin.called.length = 0;
      expectDone(await server.ask('log', 'disable', 'store-backup'));
      expect(wrote()).toEqual([]);
    },
  );

  it.each([[[]], [['Store Backup', 'Store backup']]])(
    'names what there is where the group is not there once: %j',
    async (leaf) => {
      withManner({ leaf });
      const ended = await enable();
      expectEnd(ended, 10, 'NOT_FOUND');
      expect(ended.stderr).toContain('SMTP Server');
      expectEnd(
        await server.ask('log', 'disable', 'store-backup'),
        10,
        'NOT_FOUND',
      );
      expectDone(await server.ask('log', 'show'));
      expect(wrote()).toEqual([]);
    },
  );

  it.each<[Partial<Manner>, string]>([
    [{ messagesSet: 'changed' }, 'API_REFUSED'],
    [{ ignoresSet: true }, 'API_NOT_TAKEN'],
  ])('is refused with %j', async (manner, code) => {
    withManner(manner);
    expectEnd(await enable(), 1, code);
  });
});

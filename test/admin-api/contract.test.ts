/**
 * What any server that follows the published interface does. The stand-in always answers; a real one where KMS_TEST_API_URL names it, with
 * KMS_TEST_API_USER, KMS_TEST_API_PASSWORD and KMS_TEST_API_FINGERPRINT. With KMS_TEST_API_WRITE=1 it is also told things, which are
 * then told back: never do that to a server that somebody needs. KMS_TEST_API_COPY=1 has it make a copy, on its own machine.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_PASSWORD } from '../helpers/admin-server.js';
import { type AskedServer, startAskedServer } from '../helpers/asked-server.js';
import { expectDescribed } from '../helpers/schemas.js';
import {
  type Ended,
  expectDone,
  expectEnd,
  type Json,
} from '../helpers/tools.js';

const env = process.env;
const REAL_URL = env['KMS_TEST_API_URL'];
const servers = [
  { name: 'the stand-in', isReal: false, isTold: true },
  ...(REAL_URL === undefined
    ? []
    : [
        {
          name: REAL_URL,
          isReal: true,
          isTold: env['KMS_TEST_API_WRITE'] === '1',
        },
      ]),
];

describe.each(servers)('the interface of $name', ({ isReal, isTold }) => {
  let server: AskedServer;
  let password = ADMIN_PASSWORD;

  beforeAll(async () => {
    server = await startAskedServer();
    if (!isReal) return;

    const fingerprint = env['KMS_TEST_API_FINGERPRINT'];
    password = env['KMS_TEST_API_PASSWORD'] ?? '';
    writeFileSync(
      join(server.serverDir, 'kms-backup.ini'),
      [
        '[api]',
        `url = ${REAL_URL ?? ''}`,
        `user = ${env['KMS_TEST_API_USER'] ?? 'Admin'}`,
        ...(fingerprint === undefined ? [] : [`fingerprint = ${fingerprint}`]),
        '',
      ].join('\n'),
    );
    env['KMS_BACKUP_API_PASSWORD'] = password;
  });
  afterAll(() => server.end());

  const json = (ended: Ended): Json => {
    expectDone(ended);
    const document = JSON.parse(ended.stdout) as Json;
    expectDescribed(document);

    return document;
  };

  const settings = async (): Promise<Json> =>
    json(await server.ask('config', 'show', '--json'))['settings'] as Json;
  const tasks = async (): Promise<Json[]> =>
    json(await server.ask('schedule', 'list', '--json'))['tasks'] as Json[];

  it('tells settings, schedule, log and state', async () => {
    expect(Object.keys(await settings()).sort()).toEqual([
      'backup-dir',
      'enabled',
      'keep',
      'notify',
      'volume-size',
    ]);
    await tasks();
    json(await server.ask('log', 'show', '--lines', '5', '--json'));
    const { runningServer } = json(await server.ask('status', '--json'));
    expect((runningServer as Json)['version']).toMatch(/^Kerio Connect \d/);
  });

  it('refuses a wrong password', async () => {
    env['KMS_BACKUP_API_PASSWORD'] = 'wrong and never right';
    try {
      const ended = await server.ask('config', 'show');
      expectEnd(ended, 2, 'LOGIN_REFUSED');
    } finally {
      env['KMS_BACKUP_API_PASSWORD'] = password;
    }
  });

  it.runIf(isTold)('takes a single setting', async () => {
    const before = await settings();
    const keep = Number(before['keep']);
    expectDone(await server.ask('config', 'set', `keep=${String(keep + 1)}`));
    expect(await settings()).toEqual({ ...before, keep: keep + 1 });
    expectDone(await server.ask('config', 'set', `keep=${String(keep)}`));
    expect(await settings()).toEqual(before);
  });

  it.runIf(isTold)('takes a task more, and leaves the others', async () => {
    const before = await tasks();
    const words = ['--type', 'diff', '--day', 'wed', '--time', '04:37'];
    expectDone(await server.ask('schedule', 'add', ...words, '--disabled'));
    const grown = await tasks();
    expect(grown).toHaveLength(before.length + 1);

    // Every task may have a new id since then: this one is known by its time.
    const added = grown.findIndex(
      ({ time, isEnabled }) => time === '04:37' && isEnabled === false,
    );
    expect(added).not.toBe(-1);
    expectDone(await server.ask('schedule', 'rm', String(added + 1)));
    expect(await tasks()).toHaveLength(before.length);
  });

  it.runIf(isReal && env['KMS_TEST_API_COPY'] === '1')(
    'makes a copy that our reader finds sound',
    async () => {
      const made = json(await server.ask('backup', 'copy', '--json'));
      expect(made['isSound']).toBe(true);
    },
  );

  it.runIf(isTold)('turns the switch of the log', async () => {
    const shown = json(await server.ask('log', 'show', '--json'));
    const [there, back] =
      shown['isEnabled'] === true
        ? (['disable', 'enable'] as const)
        : (['enable', 'disable'] as const);
    expectDone(await server.ask('log', there, 'store-backup'));
    expectDone(await server.ask('log', back, 'store-backup'));
    const after = json(await server.ask('log', 'show', '--json'));
    expect(after['isEnabled']).toBe(shown['isEnabled']);
  });
});

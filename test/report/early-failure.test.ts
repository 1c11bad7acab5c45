import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { type SmtpService, startSmtp } from '../helpers/smtp.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { type Ended, expectDone, expectEnd } from '../helpers/tools.js';

const called: string[] = [];
const service = createServer((request, response) => {
  called.push(request.url ?? '');
  request.resume();
  response.end();
});

let dir = '';
let server: Installation;
let smtp: SmtpService;
let sound = '';

const kms = (...words: string[]): Promise<Ended> =>
  kmsInProcess([...words, '--server-dir', server.serverDir]);
const pathOf = (name: string): string => join(server.serverDir, name);
const metrics = (): string => readFileSync(join(dir, 'kms.prom'), 'utf8');
const page = (): string => readFileSync(join(dir, 'page.html'), 'utf8');
const subjects = (): string[] =>
  smtp.mails.map(
    ({ raw }) =>
      /^Subject: ((?:.|\r\n )*)/m.exec(raw)?.[1]?.replace(/\r\n/g, '') ?? '',
  );

async function warnings(): Promise<string> {
  return (await kms('status')).stdout;
}

beforeEach(async () => {
  called.length = 0;
  dir = temporaryDirectory('early');
  server = buildInstallation(join(dir, 'server'));
  smtp = await startSmtp();
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
  const { port } = service.address() as AddressInfo;
  const root = `http://127.0.0.1:${String(port)}`;
  sound = [
    `[smtp]\nhost = 127.0.0.1\nport = ${String(smtp.port)}\ntls = none`,
    'to = admin@example.com\nnotify = problems',
    `[metrics]\ntextfile = ${join(dir, 'kms.prom')}`,
    `[ping]\nurl = ${root}/ping\n[notify]\nurl = ${root}/notify`,
    `[status]\nhtml = ${join(dir, 'page.html')}\n`,
  ].join('\n');
  writeFileSync(pathOf('kms-backup.ini'), sound);
});

afterEach(async () => {
  await smtp.close();
  service.closeAllConnections();
  service.close();
  removeTemporary(dir);
});

/** Every way tells of the failure. */
function expectToldAll(subject: RegExp): void {
  expect(subjects().at(-1)).toMatch(subject);
  expect(called).toEqual(['/notify', '/ping/fail']);
  expect(page()).not.toContain('All is well');
}

describe('a backup that dies on its configuration', () => {
  it('is told as the rest of a broken kms-backup.ini says, also on the first night', async () => {
    writeFileSync(pathOf('kms-backup.ini'), `${sound}[backup]\nlevle = 3\n`);
    expectEnd(await kms('backup', 'full'), 2, 'CONFIGURATION');

    expectToldAll(/full.backup.FAILE/);
    expect(metrics()).toMatch(/last_run_exit_code\{type="full"\} 2$/m);
    expect(await warnings()).not.toContain('not told everywhere');
  });

  it('is told as the last sound look found it, where nothing of either file can be read', async () => {
    expectDone(await kms('backup', 'full'));
    expect(statSync(pathOf('kms-backup-telling.json')).mode & 0o777).toBe(
      0o600,
    );
    called.length = 0;
    writeFileSync(pathOf('kms-backup.ini'), Buffer.from([0xff, 0xfe, 0x00]));
    writeFileSync(pathOf('mailserver.cfg'), '<config');
    expectEnd(await kms('backup', 'diff'), 2, 'CONFIGURATION');

    expectToldAll(/differential.backup/);
    expect(metrics()).toMatch(/last_run_exit_code\{type="differential"\} 2$/m);
  });

  it('is told by a section that the broken file misspells, as it was before', async () => {
    expectDone(await kms('backup', 'full'));
    called.length = 0;
    const text = sound.replace('[ping]', '[ping').replace('port =', 'prot =');
    writeFileSync(pathOf('kms-backup.ini'), text);
    expectEnd(await kms('backup', 'full'), 2, 'CONFIGURATION');

    expectToldAll(/full.backup.FAILE/);
  });

  it('says in status which way could not tell', async () => {
    writeFileSync(
      pathOf('kms-backup.ini'),
      sound.replace('[smtp]', '[smtp]\nnonsense = 1'),
    );
    rmSync(pathOf('kms-backup-telling.json'), { force: true });
    await smtp.close();
    const { stderr } = await kms('backup', 'full');
    expect(stderr).toContain('nobody can tell what [smtp] says');

    expect(called).toEqual(['/notify', '/ping/fail']);
    expect((await kms('doctor')).stdout).toMatch(
      /^warning +telling +a failure is told to .*nobody can tell what \[smtp\]/m,
    );
    expect(await warnings()).toMatch(
      /its failure was not told everywhere: nobody can tell what \[smtp\] says/,
    );
    smtp = await startSmtp();
  });

  it('is not told by a preview', async () => {
    writeFileSync(pathOf('kms-backup.ini'), `${sound}[backup]\nlevle = 3\n`);
    expectEnd(await kms('backup', 'full', '--dry-run'), 2, 'CONFIGURATION');
    expect([called, subjects()]).toEqual([[], []]);
  });
});

it('a schedule run that dies on it is told once a day, a verify and a drill each time', async () => {
  expectDone(await kms('backup', 'full'));
  called.length = 0;
  const cfg = readFileSync(pathOf('mailserver.cfg'));
  writeFileSync(pathOf('mailserver.cfg'), '<config');
  expectEnd(await kms('schedule', 'run'), 2, 'CONFIGURATION');
  expectEnd(await kms('schedule', 'run'), 2, 'CONFIGURATION');
  expectToldAll(/schedule.run/);
  expect(metrics()).toMatch(/last_run_exit_code\{type="scheduled"\} 2$/m);

  expectEnd(await kms('verify'), 2, 'CONFIGURATION');
  expectEnd(await kms('drill'), 2, 'CONFIGURATION');
  expect(subjects().slice(-2)).toEqual([
    expect.stringContaining('verify FAILED'),
    expect.stringContaining('drill FAILED'),
  ]);

  writeFileSync(pathOf('mailserver.cfg'), cfg);
  expectDone(await kms('backup', 'full'));
  expect(metrics()).not.toContain('scheduled');
});

describe('a mail server that a restart left stopped', () => {
  const left = (): void => {
    const json = {
      schema: 'kms-backup/restart/1',
      command: 'config set',
      stoppedAt: '2026-11-27T02:00:00Z',
      start: 'systemctl start kerio-connect',
    };
    writeFileSync(pathOf('kms-backup-restart.json'), JSON.stringify(json));
  };

  const fact = 'the mail server was left stopped: config set --restart-server';
  const advice = 'Start it: systemctl start kerio-connect';
  /** Without the line breaks of its encoding. */
  const lastMail = (): string =>
    (smtp.mails.at(-1)?.raw ?? '').replace(/=\r\n/g, '');

  it('is told with the backup that is made meanwhile, whose archive is complete', async () => {
    left();
    const ended = await kms('backup', 'full');
    expectDone(ended);
    expect(ended.stderr).toContain(fact);
    expect(subjects().at(-1)).toMatch(/done.with.1.warning/);
    expect(lastMail()).toContain(fact);
    expect(lastMail()).toContain(advice);
    expect(called).toEqual(['/ping/start', '/notify', '/ping']);
    expect(page()).toContain(fact);
    expect(await warnings()).toMatch(/^Status +CRITICAL.*left stopped/ms);
  });

  it('is told with a backup that fails', async () => {
    left();
    rmSync(server.storeDir, { recursive: true });
    const ended = await kms('backup', 'full');
    expect(ended.status).not.toBe(0);
    expect(ended.stderr).toContain(fact);
    expect(lastMail()).toContain(advice);
  });

  it('is told by a backup that its before hook leaves out, quietly otherwise', async () => {
    left();
    writeFileSync(
      pathOf('kms-backup.ini'),
      `${sound}[hooks]\nbefore = exit 75\n`,
    );
    const ended = await kms('backup', 'full', '--json');
    expectDone(ended);
    expect(ended.stderr).toContain(fact);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      schema: 'kms-backup/skipped/1',
      warnings: [expect.stringContaining(advice) as string],
    });
    expect([called, subjects()]).toEqual([[], []]);
  });

  it('is told at once by a schedule run that has nothing to do, once a day', async () => {
    expectDone(await kms('backup', 'full'));
    left();
    called.length = 0;
    const run = ['schedule', 'run', '--even-if-disabled'];
    const ended = await kms(...run);
    expectEnd(ended, 1, 'FAILED');
    expect(ended.stderr).toContain(advice);
    expect(subjects().at(-1)).toMatch(/schedule.run.FAIL/);
    expect(lastMail()).toContain(advice);
    expect(called).toEqual(['/notify', '/ping/fail']);

    expectEnd(await kms(...run), 1, 'FAILED');
    expect(called).toHaveLength(2);
  });
});

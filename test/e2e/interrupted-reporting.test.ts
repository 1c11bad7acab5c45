import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeInstallation } from '../helpers/configured-server.js';
import { smallStore } from '../helpers/installation.js';
import { buildTree } from '../helpers/store.js';
import { BINARY, QUIET_ENVIRONMENT } from '../helpers/tools.js';

/** A service that takes connections and never says anything. */
let silent: Server;
let connections: number;
beforeEach(async () => {
  connections = 0;
  silent = createServer((socket) => {
    connections++;
    socket.on('error', () => undefined).resume();
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
afterEach(() => silent.close());

interface End {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
  readonly archives: string[];
  readonly dir: string;
}

/** Starts a backup, waits until `isThere`, sends the signal and measures the end. */
async function interrupted(
  ini: string,
  signal: 'SIGINT' | 'SIGTERM',
  isThere: (dir: string) => boolean,
): Promise<End> {
  const { dir, backupDir } = makeInstallation({});
  buildTree(join(dir, 'store'), smallStore());
  writeFileSync(join(dir, 'kms-backup.ini'), ini);
  const env = { ...process.env, ...QUIET_ENVIRONMENT };
  const child = spawn(
    process.execPath,
    [BINARY, 'backup', 'full', '--server-dir', dir],
    { env, cwd: dir },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<number | null>((resolve) =>
    child.once('close', resolve),
  );
  for (
    let tries = 0;
    tries < 400 && child.exitCode === null && !isThere(dir);
    tries++
  ) {
    await sleep(25);
  }

  const before = performance.now();
  child.kill(signal);
  const status = await ended;
  const archives = existsSync(backupDir)
    ? readdirSync(backupDir).filter((name) => !name.startsWith('.'))
    : [];
  return {
    status,
    stdout,
    stderr,
    tookMs: performance.now() - before,
    archives,
    dir,
  };
}

const marked = (dir: string): boolean => existsSync(join(dir, 'mark'));
const address = (): string =>
  `127.0.0.1:${String((silent.address() as AddressInfo).port)}`;
/** The slow thing takes 30 s; leaving it takes a moment, on a busy machine a few. */
const SOON_MS = 6000;

describe('a backup that is told to stop', () => {
  it('in its before hook stops the hook and backs nothing up', async () => {
    const end = await interrupted(
      '[hooks]\nbefore = touch mark; sleep 30; touch late\n',
      'SIGTERM',
      marked,
    );
    expect(end).toMatchObject({ status: 143, stdout: '', archives: [] });
    expect(end.stderr).toContain('stopped by SIGTERM; temporary files removed');
    expect(end.tookMs).toBeLessThan(SOON_MS);
    expect(existsSync(join(end.dir, 'late'))).toBe(false);
  });

  it('while the start ping waits for an answer does not wait', async () => {
    const ini = `[ping]\nurl = http://${address()}/x\ntimeout = 30s\n`;
    const end = await interrupted(ini, 'SIGINT', () => connections > 0);
    expect(end).toMatchObject({ status: 130, stdout: '', archives: [] });
    expect(end.tookMs).toBeLessThan(SOON_MS);
  });

  it('while the mail is sent keeps archive and mail and says so', async () => {
    const [host, port] = address().split(':');
    const ini = `[smtp]\nhost = ${host ?? ''}\nport = ${port ?? ''}\nto = a@example.com\ntimeout = 30s\n`;
    const end = await interrupted(ini, 'SIGTERM', () => connections > 0);
    expect(end).toMatchObject({
      status: 143,
      stdout: '',
      archives: [expect.stringMatching(/^F.*\.zip$/)],
    });
    expect(end.stderr).toMatch(
      /Warning: no notification was sent.*it waits in/,
    );
    expect(end.stderr).toMatch(
      /stopped by SIGTERM; F\w+\.zip is complete and stays/,
    );
    expect(end.tookMs).toBeLessThan(SOON_MS);
    const [spooled] = readdirSync(join(end.dir, 'kms-backup.spool')).filter(
      (name) => name.endsWith('.json'),
    );
    expect(
      readFileSync(join(end.dir, 'kms-backup.spool', spooled ?? ''), 'utf8'),
    ).toContain('full backup done');
  });

  it('in its after hook stops the hook, and the archive stays', async () => {
    const end = await interrupted(
      '[hooks]\nafter = touch mark; sleep 30; touch late\n',
      'SIGINT',
      marked,
    );
    expect(end).toMatchObject({
      status: 130,
      stdout: '',
      archives: [expect.stringMatching(/^F.*\.zip$/)],
    });
    expect(end.stderr).toContain('the after hook failed: stopped with the run');
    expect(end.stderr).toMatch(/is complete and stays/);
    expect(end.tookMs).toBeLessThan(SOON_MS);
    expect(existsSync(join(end.dir, 'late'))).toBe(false);
  });
});

describe('a backup that fails', () => {
  it('also warns of what could not be told about it', async () => {
    const ini = '[hooks]\nbefore = touch mark; exit 1\non-error = exit 7\n';
    const end = await interrupted(ini, 'SIGTERM', () => false);
    expect(end).toMatchObject({ status: 1, archives: [] });
    expect(end.stderr).toContain(
      'Warning: the on-error hook failed: exit code 7',
    );
  });
});

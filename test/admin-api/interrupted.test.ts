import { spawn } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_PASSWORD } from '../helpers/admin-server.js';
import { type AskedServer, startAskedServer } from '../helpers/asked-server.js';
import { BINARY, expectEnd, type Ended } from '../helpers/tools.js';

let server: AskedServer;

beforeAll(async () => {
  server = await startAskedServer();
});
afterAll(() => server.end());
beforeEach(() => {
  server.admin.reset();
});

/** Calls a command, and stops it when the server was asked for something so many times. */
async function stopAt(
  method: string,
  words: readonly string[],
  times = 1,
): Promise<Ended> {
  const child = spawn(
    process.execPath,
    [BINARY, ...words, '--server-dir', server.serverDir, '--via', 'api'],
    { env: { ...process.env, KMS_BACKUP_API_PASSWORD: ADMIN_PASSWORD } },
  );
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => (said.stdout += String(text)));
  child.stderr.on('data', (text) => (said.stderr += String(text)));

  const watch = setInterval(() => {
    const calls = server.admin.called.filter((called) => called === method);
    if (calls.length < times) return;

    clearInterval(watch);
    child.kill('SIGINT');
  }, 5);

  return new Promise((resolve) => {
    child.on('close', (status, signal) => {
      clearInterval(watch);
      resolve({ status, signal, ...said });
    });
  });
}

describe('Ctrl+C, with --via api', () => {
  it('takes its leave of the server, and changes nothing', async () => {
    server.admin.reset({ fault: { method: 'Backup.get', does: 'silence' } });
    const ended = await stopAt('Backup.get', ['config', 'show']);

    expectEnd(ended, 130, 'INTERRUPTED');
    expect(server.admin.called.at(-1)).toBe('Session.logout');
    expect(server.admin.sessions.size).toBe(0);
  });

  it('says that nobody knows whether a change was made', async () => {
    server.admin.reset({ fault: { method: 'Backup.set', does: 'silence' } });
    const ended = await stopAt('Backup.set', ['config', 'set', 'keep=3']);

    expectEnd(ended, 130, 'INTERRUPTED');
    expect(ended.stderr).toContain('whether it was done is not known');
    expect(server.admin.sessions.size).toBe(0);
  });

  it('says that the server goes on with its copy', async () => {
    server.admin.reset({ copy: 'never' });
    const ended = await stopAt('Backup.start', ['backup', 'copy']);

    expectEnd(ended, 130, 'INTERRUPTED');
    expect(ended.stderr).toContain('may go on with its copy');
    expect(server.admin.sessions.size).toBe(0);
  });

  it('ends the following of a log, which is no fault', async () => {
    server.admin.state.log = ['[22/Nov/2026 01:00:04][12] {backup} begun'];
    // Two pages until the end of the log, and then what follows.
    const ended = await stopAt('Logs.get', ['log', 'show', '--follow'], 3);

    expect(ended.status).toBe(130);
    expect(ended.stderr).not.toContain('Code:');
    expect(server.admin.sessions.size).toBe(0);
  });
});

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSmtp, type SmtpService } from '../helpers/smtp.js';

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
let dir: string;
let smtp: SmtpService;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kms notify '));
  smtp = await startSmtp();
  writeConfig('admin@example.com');
});
afterEach(async () => {
  await smtp.close();
  rmSync(dir, { recursive: true, force: true });
});

function writeConfig(address: string): void {
  const lines = [
    '<config>',
    '<table name="Directories">',
    '  <variable name="StoreDir">store/</variable>',
    '</table>',
    '',
    '<table name="StoreBackup">',
    `  <variable name="AdminNotify">${address}</variable>`,
    '</table>',
    '',
    '<table name="service-smtp">',
    `  <variable name="Port">${String(smtp.port)}</variable>`,
    '</table>',
    '',
    '</config>',
    '',
  ];
  writeFileSync(join(dir, 'mailserver.cfg'), lines.join('\r\n'));
}

function run(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [RUN, 'notify', 'test', '--server-dir', dir, ...args],
      {
        env: { ...process.env, ...env },
      },
    );
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.once('close', (code) => {
      resolve({ code, out, err });
    });
  });
}

test('a test mail goes to the notification address, and the answer is told', async () => {
  expect(await run([])).toEqual({
    code: 0,
    out: `127.0.0.1:${String(smtp.port)} took the test mail for admin@example.com\n`,
    err: '',
  });
  const json = await run(['--json']);
  expect(JSON.parse(json.out)).toMatchObject({
    schema: 'kms-backup/notify-test/1',
    accepted: ['admin@example.com'],
  });
  expect(smtp.mails).toHaveLength(2);
});

test('nobody to notify is a wrong configuration', async () => {
  writeConfig('');
  const { code, err } = await run([]);
  expect([code, err]).toEqual([
    2,
    expect.stringContaining('nobody is to be notified'),
  ]);
});

test('a refusal ends with exit 1 and what the service said, as text and as JSON, without the password', async () => {
  await smtp.close();
  smtp = await startSmtp({
    allowInsecureAuth: true,
    onAuth: (auth, _session, done) => {
      done(new Error(`no ${String(auth.password)}`));
    },
  });
  writeConfig('admin@example.com');
  writeFileSync(join(dir, 'kms-backup.ini'), '[smtp]\nuser = backup\n');
  const env = { KMS_BACKUP_SMTP_PASSWORD: 'tulip-7', DEBUG: '1' };
  const text = await run([], env);
  expect([text.code, text.out]).toEqual([1, '']);
  expect(text.err).toContain('Error: the login was refused by 127.0.0.1');
  const json = await run(['--json'], env);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.out)).toMatchObject({
    exitCode: 1,
    error: { code: 'FAILED' },
  });
  expect(text.err + json.out + json.err).not.toMatch(/tulip-7|dHVsaXAtNw/);
});

test('a wrong kms-backup.ini ends with exit 2 and names the line', async () => {
  writeFileSync(join(dir, 'kms-backup.ini'), '[smtp]\nhots = x\n');
  const { code, err } = await run([]);
  expect([code, err]).toEqual([
    2,
    expect.stringContaining(
      'line 2: [smtp] has no key hots; did you mean host?',
    ),
  ]);
});

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { notificationFor } from '../../src/report/notification.js';
import type { MailRoute } from '../../src/report/mail-route.js';
import { sendMail } from '../../src/report/mailer.js';
import { runReport } from '../helpers/run-report.js';
import { freePort, selfSigned } from '../helpers/smtp.js';

const canRun = existsSync('/usr/sbin/postfix') && process.getuid?.() === 0;
if (!canRun) {
  console.warn(
    'Skipped: the test against a real mail service needs Debian postfix and root.',
  );
}

/** Postfix with a configuration, queue and mailboxes of its own, on 127.0.0.1; the machine's stays untouched. */
describe.skipIf(!canRun)('a real mail service (postfix)', () => {
  let dir: string;
  let port: number;
  let master: ChildProcess;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'kms-postfix-'));
    chmodSync(dir, 0o755);
    port = await freePort();
    const { key, cert } = selfSigned();
    for (const name of ['etc', 'queue', 'data', 'mail']) {
      mkdirSync(join(dir, name));
    }

    writeFileSync(join(dir, 'etc/key.pem'), key, { mode: 0o600 });
    writeFileSync(join(dir, 'etc/cert.pem'), cert);
    execFileSync('chown', ['postfix', join(dir, 'data')]);
    execFileSync('chown', ['nobody:nogroup', join(dir, 'mail')]);
    writeFileSync(join(dir, 'etc/main.cf'), mainCf(dir));
    writeFileSync(join(dir, 'etc/master.cf'), masterCf(port));
    writeFileSync(join(dir, 'etc/mailboxes'), 'admin@example.test admin/\n');
    const id = (flag: string): string =>
      execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }).trim();
    writeFileSync(
      join(dir, 'etc/main.cf'),
      `virtual_uid_maps = static:${id('-u')}\nvirtual_gid_maps = static:${id('-g')}\n`,
      { flag: 'a' },
    );
    master = spawn('/usr/sbin/postfix', ['-c', join(dir, 'etc'), 'start-fg'], {
      stdio: 'ignore',
    });
    for (let tries = 0; tries < 1200 && !(await answers(port)); tries++) {
      await sleep(100);
    }
  });
  afterAll(async () => {
    execFileSync('/usr/sbin/postfix', ['-c', join(dir, 'etc'), 'stop'], {
      stdio: 'ignore',
    });
    if (master.exitCode === null) {
      await new Promise((resolve) => master.once('exit', resolve));
    }

    rmSync(dir, { recursive: true, force: true });
  });

  const route = (changes: Partial<MailRoute> = {}): MailRoute => ({
    host: '127.0.0.1',
    port,
    tls: 'starttls',
    verifiesCertificate: false,
    login: undefined,
    from: 'kms-backup@example.test',
    to: ['admin@example.test'],
    timeoutMs: 10_000,
    ...changes,
  });

  test('takes a notification through STARTTLS and delivers it whole', async () => {
    const sent = await sendMail(
      route(),
      notificationFor(runReport({ warnings: ['Ordner „Ärzte“ fehlt'] })),
    );
    expect(sent.accepted).toEqual(['admin@example.test']);
    const inbox = join(dir, 'mail/admin/new');
    for (
      let tries = 0;
      tries < 1200 && !(existsSync(inbox) && readdirSync(inbox).length > 0);
      tries++
    ) {
      await sleep(100);
    }

    const raw = readFileSync(join(inbox, readdirSync(inbox)[0] ?? ''), 'utf8');
    expect(raw).toContain(
      'Subject: [kms-backup] mail1: differential backup done with 1 warning',
    );
    expect(raw).toContain('=E2=80=9E=C3=84rzte=E2=80=9C');
  });

  test('refuses an unknown recipient for good, and a foreign one', async () => {
    await expect(
      sendMail(
        route({ to: ['nobody@example.test'] }),
        notificationFor(runReport()),
      ),
    ).rejects.toMatchObject({
      isPermanent: true,
      message: expect.stringMatching(/the mail was refused by .*550/) as string,
    });
    await expect(
      sendMail(
        route({ to: ['x@elsewhere.test'] }),
        notificationFor(runReport()),
      ),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/Relay access denied/) as string,
    });
  });
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.end();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

function mainCf(dir: string): string {
  return [
    'compatibility_level = 3.6',
    `queue_directory = ${dir}/queue`,
    `data_directory = ${dir}/data`,
    'myhostname = mx.example.test',
    'mydestination =',
    'mynetworks =',
    'inet_interfaces = 127.0.0.1',
    'inet_protocols = ipv4',
    'virtual_mailbox_domains = example.test',
    `virtual_mailbox_base = ${dir}/mail`,
    `virtual_mailbox_maps = texthash:${dir}/etc/mailboxes`,
    'smtpd_relay_restrictions = reject_unauth_destination',
    'smtpd_tls_security_level = may',
    `smtpd_tls_key_file = ${dir}/etc/key.pem`,
    `smtpd_tls_cert_file = ${dir}/etc/cert.pem`,
    `maillog_file = ${dir}/queue/log`,
    `maillog_file_prefixes = ${dir}`,
    '',
  ].join('\n');
}

function masterCf(port: number): string {
  return [
    `127.0.0.1:${String(port)} inet n - n - - smtpd`,
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'verify unix - - n - 1 verify',
    'virtual unix - n n - - virtual',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'anvil unix - - n - 1 anvil',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'proxymap unix - - n - - proxymap',
    'postlog unix-dgram n - n - 1 postlogd',
    '',
  ].join('\n');
}

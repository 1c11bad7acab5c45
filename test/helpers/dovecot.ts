import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './smtp.js';

const PROGRAM = '/usr/sbin/dovecot';

/** A real IMAP server can be started here: Debian's dovecot 2.3, by root, who alone may give mailboxes to a user. */
export const HAS_DOVECOT = existsSync(PROGRAM) && process.getuid?.() === 0;

if (!HAS_DOVECOT) {
  console.warn('Skipped: tests against dovecot need dovecot-imapd and root.');
}

export interface Dovecot {
  readonly port: number;
  readonly tlsPort: number;
  /** The address at which it says that it can do next to nothing: no LITERAL+, no UIDPLUS. */
  readonly plainHost: string;
  /** The certificate, which signs itself. */
  readonly certFile: string;
  /** SHA-256, as openssl prints it. */
  readonly fingerprint: string;
  /** The directory of a folder: `Work.2026`. */
  placeOf(user: string, folder: string): string;
  /** Ends all processes at once, and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const PLAIN_HOST = '127.0.0.2';

/** The password of every user. */
export const USER_PASSWORD = 'user-secret';
/** The master user, who acts for any user, and her password. */
export const MASTER = { name: 'warden', password: 'warden-secret' } as const;

/** What some users find otherwise; all settings are in the words of dovecot. */
const SPECIAL_USERS = {
  /** There is room for 4 KiB. */
  'full@example.com': ['quota_rule=*:storage=4K'],
  /** Folders as Maildir++ and Cyrus have them: `INBOX.Work.2026`; no message may be larger than 4 KiB. */
  'dots@example.com': [
    'namespace/inbox/separator=.',
    'namespace/inbox/prefix=INBOX.',
    'quota_max_mail_size=4k',
  ],
};

/** Starts dovecot with a configuration and mailboxes of its own on 127.0.0.1: any user logs in with `USER_PASSWORD`. */
export async function startDovecot(): Promise<Dovecot> {
  const dir = mkdtempSync(join(tmpdir(), 'kms-dovecot-'));
  const port = await freePort();
  const tlsPort = await freePort();
  const certFile = join(dir, 'cert.pem');

  chmodSync(dir, 0o755);
  for (const name of ['run', 'mail', 'state']) mkdirSync(join(dir, name));
  execFileSync('chown', ['nobody:nogroup', join(dir, 'mail')]);
  makeCertificate(dir);
  writeFileSync(
    join(dir, 'masters'),
    `${MASTER.name}:{PLAIN}${MASTER.password}\n`,
  );
  const config = join(dir, 'dovecot.conf');
  writeFileSync(config, configText({ dir, port, tlsPort }));

  const start = async (): Promise<ChildProcess> => {
    // Its processes are a group of their own, which ends as one.
    const started = spawn(PROGRAM, ['-F', '-c', config], {
      stdio: 'ignore',
      detached: true,
    });
    await answering(port, dir);

    return started;
  };

  let server = await start();

  return {
    port,
    tlsPort,
    plainHost: PLAIN_HOST,
    certFile,
    fingerprint: fingerprintOf(certFile),
    placeOf: (user, folder) => join(dir, 'mail', user, `.${folder}`),
    restart: async () => {
      await end(server);
      server = await start();
    },
    stop: async () => {
      await end(server);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function makeCertificate(dir: string): void {
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt'],
      ...['ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext'],
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
      ...['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')],
    ],
    { stdio: 'ignore' },
  );
}

function fingerprintOf(certFile: string): string {
  const words = ['x509', '-in', certFile, '-noout', '-fingerprint', '-sha256'];
  const line = execFileSync('openssl', words, { encoding: 'utf8' });

  return line.trim();
}

interface ConfigFacts {
  readonly dir: string;
  readonly port: number;
  readonly tlsPort: number;
}

function configText(facts: ConfigFacts): string {
  const { dir, port, tlsPort } = facts;

  return `
protocols = imap
listen = 127.0.0.1 ${PLAIN_HOST}
base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = ${dir}/dovecot.log
ssl = yes
ssl_cert = <${dir}/cert.pem
ssl_key = <${dir}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_cache_size = 0
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:${dir}/mail/%u
mail_fsync = never
mail_plugins = quota
mail_max_userip_connections = 50
namespace inbox {
  inbox = yes
  separator = /
  prefix =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${String(port)}
  }
  inet_listener imaps {
    port = ${String(tlsPort)}
    ssl = yes
  }
}
service anvil {
  chroot =
  # Else a wrong password makes all that follow wait.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
passdb {
  driver = passwd-file
  args = ${dir}/masters
  master = yes
}
passdb {
  driver = static
  args = password=${USER_PASSWORD}
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${dir}/mail/%u
}
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=1G
}
protocol imap {
  mail_plugins = quota imap_quota
}
local ${PLAIN_HOST} {
  protocol imap {
    imap_capability = IMAP4rev1 NAMESPACE UNSELECT
  }
}
`.replace(
    'userdb {',
    `userdb {
  driver = passwd-file
  args = username_format=%u ${specialUsers(dir)}
}
userdb {`,
  );
}

function specialUsers(dir: string): string {
  const path = join(dir, 'special-users');
  const id = (flag: string): string =>
    execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }).trim();

  const lines = Object.entries(SPECIAL_USERS).map(([user, settings]) => {
    const fields = settings.map((setting) => `userdb_${setting}`).join(' ');

    return `${user}::${id('-u')}:${id('-g')}::${dir}/mail/${user}::${fields}\n`;
  });
  writeFileSync(path, lines.join(''));

  return path;
}

async function answering(port: number, dir: string): Promise<void> {
  for (let tries = 0; tries < 2400; tries++) {
    if (await greets(port)) return;

    await sleep(50);
  }

  throw new Error(`dovecot does not answer, see ${dir}/dovecot.log`);
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
    socket.once('close', () => {
      resolve(false);
    });
  });
}

async function end(server: ChildProcess): Promise<void> {
  if (server.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
  if (server.exitCode === null && server.signalCode === null) {
    await new Promise((resolve) => server.once('exit', resolve));
  }
}

// Measures one message of a large archive into a live dovecot account, then 5,000 messages, and the same call again, which finds them all: from
// the start of the program to its end.
//   npm run build && node scripts/bench/imap.mjs [ROOT] [RUNS]        default: /dev/shm/kms-backup-bench, 9; needs root and dovecot-imapd
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KMS_ENVIRONMENT } from './kms.mjs';
import { ensureStore } from './stores.mjs';

const root = process.argv[2] ?? '/dev/shm/kms-backup-bench';
const runs = Number(process.argv[3] ?? 9);
const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const { serverDir } = ensureStore(root, 'B', 1);
const backupDir = join(root, 'imap');
const MANY = 5_000;

mkdirSync(backupDir, { recursive: true });
if (!readdirSync(backupDir).some((name) => name.endsWith('.zip'))) {
  runProgram(['backup', 'full', '--backup-dir', backupDir, '--quiet']);
}

const name = firstMessage();
const [domain, user] = name.split('/');
const server = await startServer();

try {
  for (let run = 1; run <= runs; run++) {
    measure(`run ${run}`, [
      ...['recover', backupDir, '-u', `${user}@${domain}`],
      ...['--message', name, '--to-user', `${user}.${run}@${domain}`],
    ]);
  }

  const many = backUpMany();
  const words = ['recover', many, '-u', 'many@example.com'];
  measure(`${MANY} messages`, words);
  measure('the same call again', words);
} finally {
  await server.stop();
}

/** One call, from its start to its end. */
function measure(what, words) {
  const begin = performance.now();
  const { cpuSeconds } = runProgram([
    ...words,
    ...['--imap', `127.0.0.1:${server.port}`, '--ca-file', server.cert],
    ...['--yes', '--quiet'],
  ]);
  const seconds = (performance.now() - begin) / 1000;
  console.log(
    `${what}: ${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of the processor`,
  );
}

/** An archive of one folder of 5,000 messages of 5 KB. */
function backUpMany() {
  const directory = join(root, 'imap-many');
  const messages = join(directory, 'store/mail/example.com/many/INBOX/#msgs');
  const archives = join(directory, 'archives');

  rmSync(directory, { recursive: true, force: true });
  mkdirSync(messages, { recursive: true });
  mkdirSync(archives);
  writeFileSync(
    join(directory, 'mailserver.cfg'),
    `<config><table name="Directories"><variable name="StoreDir">${directory}/store/</variable></table></config>`,
  );
  writeFileSync(join(directory, 'users.cfg'), '<config></config>');

  for (let number = 1; number <= MANY; number++) {
    const file = `${number.toString(16).padStart(8, '0')}.eml`;
    const headers = `From: a@example.com\r\nSubject: ${number}\r\nMessage-ID: <${number}@example.com>\r\n`;
    writeFileSync(
      join(messages, file),
      `${headers}\r\n${'some words of a message\r\n'.repeat(200)}`,
    );
  }

  runProgram(
    ['backup', 'full', '--backup-dir', archives, '--quiet'],
    directory,
  );

  return archives;
}

/** A message in the middle of the archive, by its path in the store. */
function firstMessage() {
  const mail = join(serverDir, 'store/mail');
  const [first] = readdirSync(mail).filter((name) => !name.startsWith('#'));
  const users = readdirSync(join(mail, first)).sort();
  const middle = users[Math.floor(users.length / 2)];

  for (const path of readdirSync(join(mail, first, middle), {
    recursive: true,
  })) {
    const match = /^(.+)\/#msgs\/(.+)\.eml$/.exec(path);
    if (match) return [first, middle, match[1], match[2]].join('/');
  }

  throw new Error(`no message in ${middle}`);
}

function runProgram(words, ofServer = serverDir) {
  const time = ['-f', '%U %S', process.execPath, program];
  const { status, stderr } = spawnSync(
    '/usr/bin/time',
    [...time, ...words, '--server-dir', ofServer],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        ...KMS_ENVIRONMENT,
        KMS_BACKUP_IMAP_PASSWORD: 'secret',
      },
    },
  );
  if (status !== 0) throw new Error(stderr);

  const [userSeconds, systemSeconds] = stderr
    .trim()
    .split('\n')
    .at(-1)
    .split(' ');

  return { cpuSeconds: Number(userSeconds) + Number(systemSeconds) };
}

async function startServer() {
  const dir = mkdtempSync(join(tmpdir(), 'kms-imap-bench-'));
  const port = await freePort();
  const cert = join(dir, 'cert.pem');

  chmodSync(dir, 0o755);
  for (const part of ['run', 'state', 'mail']) mkdirSync(join(dir, part));
  spawnSync('chown', ['nobody:nogroup', join(dir, 'mail')]);
  spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', join(dir, 'key.pem'), '-out', cert],
  ]);
  writeFileSync(join(dir, 'dovecot.conf'), configText(dir, port));

  const dovecot = spawn(
    '/usr/sbin/dovecot',
    ['-F', '-c', join(dir, 'dovecot.conf')],
    { stdio: 'ignore' },
  );
  while (!(await answers(port))) await sleep(100);

  return {
    port,
    cert,
    stop: async () => {
      dovecot.kill();
      await new Promise((resolve) => dovecot.once('exit', resolve));
      if (existsSync(dir)) rmSync(dir, { recursive: true });
    },
  };
}

function configText(dir, port) {
  return `protocols = imap
listen = 127.0.0.1
base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = ${dir}/dovecot.log
ssl = required
ssl_cert = <${dir}/cert.pem
ssl_key = <${dir}/key.pem
first_valid_uid = 1
mail_location = maildir:${dir}/mail/%u
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${dir}/mail/%u
}
`;
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// --restart-server where systemd runs the mail server: a real unit, whose program is the tests' stand-in.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SERVER = '/srv/mail';
const UNIT = '/etc/systemd/system/kerio-connect.service';
const INBOX = join(SERVER, 'store/mail/example.com/alice/INBOX/#msgs');
const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const STAND_IN = [at('../helpers/stand-in-server.mjs'), SERVER];

function run(program, ...words) {
  const ended = spawnSync(program, words, { encoding: 'utf8' });
  const { status, stdout, stderr } = ended;

  return { code: status, said: `${stdout}${stderr}` };
}

const kms = (...words) =>
  run(
    process.execPath,
    at('../../bin/run.js'),
    ...words,
    '--server-dir',
    SERVER,
  );

const systemctl = (...words) => run('systemctl', ...words).said.trim();
const unitPid = () =>
  Number(systemctl('show', '--value', '-p', 'MainPID', 'kerio-connect'));
const config = () => readFileSync(join(SERVER, 'mailserver.cfg'), 'utf8');
const behave = (behaviour) =>
  writeFileSync(join(SERVER, 'stand-in.json'), JSON.stringify(behaviour));

function expectCode({ code, said }, expected) {
  assert.equal(code, expected, said);
}

/** @param restart what systemd does where the program ends by itself */
function layUnit(restart) {
  writeFileSync(
    UNIT,
    `[Unit]
DefaultDependencies=no
StartLimitIntervalSec=0
[Service]
ExecStart=${process.execPath} ${STAND_IN.join(' ')}
Restart=${restart}
`,
  );
  systemctl('daemon-reload');
}

async function startUnit() {
  await startWith(() => systemctl('start', 'kerio-connect'));
}

async function startWith(start) {
  const ready = join(SERVER, 'stand-in.ready');
  rmSync(ready, { force: true });
  const started = start();
  while (!existsSync(ready)) await sleep(20);

  return started;
}

before(async () => {
  mkdirSync(INBOX, { recursive: true });
  mkdirSync(join(SERVER, 'backups'));
  writeFileSync(join(INBOX, '00000001.eml'), 'Subject: one\r\n\r\none\r\n');
  writeFileSync(
    join(SERVER, 'mailserver.cfg'),
    `<config>
<table name="Directories">
  <variable name="StoreDir">${SERVER}/store/</variable>
  <variable name="BackupDir">${SERVER}/backups</variable>
</table>
<table name="StoreBackup">
  <variable name="Enabled">1</variable>
  <variable name="MaxFileSize">2147483647</variable>
  <variable name="RotationLimit">7</variable>
</table>
</config>
`,
  );
  writeFileSync(join(SERVER, 'users.cfg'), '<config>\n</config>\n');
  writeFileSync(
    join(SERVER, 'kms-backup.ini'),
    '[server]\nstart-timeout = 6s\n',
  );
  expectCode(kms('backup', 'full'), 0);

  layUnit('always');
  await startUnit();
});

test('an edit stops the unit, which systemd does not start meanwhile, and starts it', () => {
  const pid = unitPid();
  const ended = kms('config', 'set', 'keep=3', '--restart-server');
  expectCode(ended, 0);
  assert.match(ended.said, /: systemctl stop kerio-connect$/m);
  assert.match(ended.said, /: systemctl start kerio-connect$/m);
  assert.match(config(), /"RotationLimit">3</);

  assert.equal(systemctl('is-active', 'kerio-connect'), 'active');
  assert.notEqual(unitPid(), pid);
  assert.match(ended.said, new RegExp(`runs again \\(.*pid ${unitPid()}\\)`));
});

test('a whole recover does the same', () => {
  const pid = unitPid();
  rmSync(join(INBOX, '00000001.eml'));
  const archives = join(SERVER, 'backups');
  expectCode(kms('recover', archives, '--yes', '--restart-server'), 0);

  assert.ok(existsSync(join(INBOX, '00000001.eml')));
  assert.equal(systemctl('is-active', 'kerio-connect'), 'active');
  assert.notEqual(unitPid(), pid);
});

test('a unit that does not start again: it is said, with the way out, which works', () => {
  layUnit('no');
  behave({ isBroken: true });
  const ended = kms('config', 'set', 'keep=4', '--restart-server');
  expectCode(ended, 1);
  assert.match(ended.said, /the mail server does not start/);
  assert.match(ended.said, /start it by hand: systemctl start kerio-connect/);
  assert.match(ended.said, /the licence is gone/);
  assert.match(config(), /"RotationLimit">4</);
  assert.match(kms('status').said, /the mail server was left stopped/);

  behave({});
  const again = kms('config', 'set', 'keep=5', '--restart-server');
  expectCode(again, 0);
  assert.match(again.said, /this run starts it/);
  assert.equal(systemctl('is-active', 'kerio-connect'), 'active');
});

test('a server that was started by hand beside the unit is left alone', async () => {
  systemctl('stop', 'kerio-connect');
  const child = await startWith(() =>
    spawn(process.execPath, STAND_IN, { stdio: 'ignore' }),
  );

  try {
    const ended = kms('config', 'set', 'keep=6', '--restart-server');
    expectCode(ended, 13);
    assert.match(ended.said, /\[server\] of kms-backup\.ini/);
    assert.equal(child.exitCode, null);
    assert.match(config(), /"RotationLimit">5</);
  } finally {
    child.kill('SIGKILL');
  }
});

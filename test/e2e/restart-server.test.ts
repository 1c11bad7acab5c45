import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';
import { acquireLock } from '../../src/platform/lock.js';
import { RECOVER_LOCK } from '../../src/server/recover-mark.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import {
  makeRunningServer,
  type RunningServer,
} from '../helpers/running-server.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  type Ended,
  expectDone,
  expectEnd,
  QUIET_ENVIRONMENT,
} from '../helpers/tools.js';

let dir = '';
let server: Installation;
let engine: RunningServer;

beforeEach(async () => {
  dir = temporaryDirectory('restart');
  server = buildInstallation(join(dir, 'server'), { keep: 7 });
  engine = makeRunningServer(server.serverDir);
  await engine.start();
});
afterEach(() => {
  engine.kill();
  removeTemporary(dir);
});

const config = (): string =>
  readFileSync(join(server.serverDir, 'mailserver.cfg'), 'utf8');
const record = (): string => join(server.serverDir, 'kms-backup-restart.json');
const ofServer = (words: readonly string[]): string[] => [
  ...words,
  '--server-dir',
  server.serverDir,
];
const kms = (...words: string[]): Promise<Ended> =>
  kmsInProcess(ofServer(words));

/** A process of its own: to be killed, or one of two at once. */
function spawnKms(...words: string[]): {
  readonly child: ReturnType<typeof spawn>;
  readonly ended: Promise<Ended>;
} {
  const child = spawn(process.execPath, [BINARY, ...ofServer(words)], {
    env: { ...process.env, ...QUIET_ENVIRONMENT },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.stdout += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (text.stderr += String(chunk)));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status, signal) => {
      resolve({ status, signal, ...text });
    });
  });

  return { child, ended };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let looks = 0; !isTrue(); looks++) {
    expect(looks).toBeLessThan(3000);
    await sleep(20);
  }
}

describe('config set --restart-server', () => {
  it('stops the server, edits what it wrote while it stopped, starts it, and says for how long', async () => {
    const before = engine.pid();
    const memory = config().replace('>mail.example.com<', '>new.example.com<');
    engine.kill();
    engine.behave({ stopMs: 300, memory });
    await engine.start();

    const { status, json } = await kmsJsonInProcess(
      ofServer(['config', 'set', 'keep=3', '--restart-server']),
    );
    expect(status).toBe(0);
    expect(json['downMs']).toBeGreaterThan(300);
    expect(config()).toBe(
      memory.replace('"RotationLimit">7', '"RotationLimit">3'),
    );
    expect(engine.pid()).toBeDefined();
    expect(engine.pid()).not.toBe(before);
    expect(existsSync(record())).toBe(false);

    const history = await kms('history');
    expect(history.stdout).toMatch(/config set +done .*server down \d+:\d\d/);
  });

  it('does not stop it for a preview, for what is impossible, or without the flag', async () => {
    const pid = engine.pid();
    const restart = '--restart-server';
    expectDone(await kms('config', 'set', 'keep=3', restart, '--dry-run'));
    expectEnd(await kms('config', 'set', 'keep=many', restart), 2, 'USAGE');
    expectEnd(await kms('config', 'set', 'keep=3'), 13, 'ENGINE_RUNNING');
    expectEnd(
      await kms('config', 'set', 'keep=3', restart, '--force'),
      2,
      'USAGE',
    );
    expectEnd(
      await kms('config', 'set', 'keep=3', restart, '--via', 'api'),
      2,
      'USAGE',
    );
    expect(engine.pid()).toBe(pid);
    expect((await kms('history')).stdout).not.toContain('config set');
  });

  it('does not start one that did not run', async () => {
    engine.kill();
    const ended = await kms('config', 'set', 'keep=3', '--restart-server');
    expectDone(ended);
    expect(ended.stderr).toContain('did not run before: it is not started');
    expect(config()).toContain('"RotationLimit">3');
    expect(engine.pid()).toBeUndefined();
  });

  it('starts it again when the edit fails', async () => {
    const pid = engine.pid();
    engine.kill();
    engine.behave({ memory: '<config>' });
    await engine.start();

    const ended = await kms('config', 'set', 'keep=3', '--restart-server');
    expectEnd(ended, 2, 'CONFIGURATION');
    expect(ended.stderr).toContain('runs again');
    expect(engine.pid()).not.toBe(pid);
    expect(engine.pid()).toBeDefined();
    expect(existsSync(record())).toBe(false);
  });

  it('ends with 1 where it does not start, with the last lines of its log', async () => {
    const ini = join(server.serverDir, 'kms-backup.ini');
    writeFileSync(ini, readFileSync(ini, 'utf8').replace('= 9s', '= 1s'));
    engine.behave({ isBroken: true });
    const ended = await kms('config', 'set', 'keep=3', '--restart-server');
    expectEnd(ended, 1, 'FAILED');
    expect(ended.stderr).toContain('does not start');
    expect(ended.stderr).toContain('what was asked for is done');
    expect(ended.stderr).toContain('the licence is gone');
    expect(config()).toContain('"RotationLimit">3');
    expect(existsSync(record())).toBe(true);
  });

  it('changes nothing where it does not stop, and does not start a second one', async () => {
    engine.kill();
    engine.behave({ isDeaf: true });
    await engine.start();
    const pid = engine.pid();
    const ini = join(server.serverDir, 'kms-backup.ini');
    writeFileSync(ini, `${readFileSync(ini, 'utf8')}stop-timeout = 1s\n`);

    const before = config();
    const ended = await kms('config', 'set', 'keep=3', '--restart-server');
    expectEnd(ended, 1, 'FAILED');
    expect(ended.stderr).toContain('has not ended within 1 s');
    expect(config()).toBe(before);
    expect(engine.pid()).toBe(pid);
  });

  it('starts it again when it ends later than its time, and edits nothing', async () => {
    engine.kill();
    engine.behave({ stopMs: 1600 });
    await engine.start();
    const ini = join(server.serverDir, 'kms-backup.ini');
    writeFileSync(ini, `${readFileSync(ini, 'utf8')}stop-timeout = 1s\n`);

    const before = config();
    const ended = await kms('config', 'set', 'keep=3', '--restart-server');
    expectEnd(ended, 1, 'FAILED');
    expect(config()).toBe(before);
    expect(ended.stderr).toContain('runs again');
    expect(engine.pid()).toBeDefined();
  });

  it('says what is wrong with a stop command, and that one of the two is missing', async () => {
    const ini = join(server.serverDir, 'kms-backup.ini');
    writeFileSync(ini, '[server]\nstop = exit 7\n');
    const words = ['config', 'set', 'keep=3', '--restart-server'];
    expectEnd(await kms(...words), 2, 'CONFIGURATION');

    const pid = engine.pid();
    writeFileSync(
      ini,
      '[server]\nstop = exit 7\nstart = exit 8\nstop-timeout = 1s\n',
    );
    const ended = await kms(...words);
    expectEnd(ended, 1, 'FAILED');
    expect(ended.stderr).toContain('exit 7 failed: exit code 7');
    expect(engine.pid()).toBe(pid);
  });
});

describe('a restart that dies or is interrupted', () => {
  const words = ['config', 'set', 'keep=3', '--restart-server'];

  it('is told by status, doctor and the next edit; the next restart keeps its promise', async () => {
    engine.kill();
    engine.behave({ stopMs: 1500 });
    await engine.start();

    const { child, ended } = spawnKms(...words);
    await until(() => engine.isStopping());
    child.kill('SIGKILL');
    await ended;
    await until(() => engine.pid() === undefined);

    const fact = 'the mail server was left stopped: config set';
    const status = await kms('status');
    expect(status.stdout).toContain(fact);
    expect(status.stdout).toContain(`Start it: '${engine.script}' start`);
    expect((await kms('doctor')).stdout).toContain(fact);
    const edit = await kms('config', 'set', 'keep=4');
    expectDone(edit);
    expect(edit.stderr).toContain(fact);

    engine.behave({});
    const again = await kms(...words);
    expectDone(again);
    expect(again.stderr).toContain('this run starts it');
    expect(engine.pid()).toBeDefined();
    expect(existsSync(record())).toBe(false);
    expect((await kms('status')).stdout).not.toContain(fact);
  });

  it('is forgotten by the next edit where somebody has started the server', async () => {
    const stopped = { command: 'log enable', start: 'x' };
    const at = { stoppedAt: new Date().toISOString() };
    const json = { schema: 'kms-backup/restart/1', ...stopped, ...at };
    writeFileSync(record(), JSON.stringify(json));
    expect((await kms('status')).stdout).not.toContain('left stopped');
    expectEnd(await kms('config', 'set', 'keep=4'), 13, 'ENGINE_RUNNING');
    expect(existsSync(record())).toBe(false);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'starts the server again after %s',
    async (signal) => {
      engine.kill();
      engine.behave({ stopMs: 1500 });
      await engine.start();
      const before = config();

      const { child, ended } = spawnKms(...words);
      await until(() => engine.isStopping());
      child.kill(signal);
      const { status, stderr } = await ended;
      expect(status).toBe(signal === 'SIGINT' ? 130 : 143);
      expect(stderr).toContain('runs again');
      expect(engine.pid()).toBeDefined();
      expect(config()).toBe(before);
    },
  );
});

describe('two at once', () => {
  it('one of them restarts, and the other changes nothing while the server is down', async () => {
    engine.kill();
    engine.behave({ stopMs: 2500 });
    await engine.start();

    const first = spawnKms('config', 'set', 'keep=3', '--restart-server');
    await until(() => engine.isStopping());
    const restart = await kms(
      'log',
      'enable',
      'store-backup',
      '--restart-server',
    );
    expectEnd(restart, 11, 'LOCKED');
    const plain = await kms('config', 'set', 'keep=5', '--force');
    expectEnd(plain, 11, 'LOCKED');
    const words = ['recover', server.backupDir, '--yes'];
    expectEnd(await kms(...words), 11, 'LOCKED');
    expectEnd(await kms(...words, '--force'), 11, 'LOCKED');

    expect((await first.ended).status).toBe(0);
    expect(config()).toContain('"RotationLimit">3');
    expect(config()).not.toContain('LogEvents');
    expect(engine.pid()).toBeDefined();
  });
});

describe('a recover that begins while the server is stopped', () => {
  it('keeps an edit from its work, and never the server from its start', async () => {
    engine.kill();
    engine.behave({ stopMs: 1000 });
    await engine.start();

    const restart = spawnKms('config', 'set', 'keep=3', '--restart-server');
    await until(() => engine.isStopping());
    const lock = await acquireLock({
      path: join(server.storeDir, RECOVER_LOCK),
      what: 'the store',
      command: 'recover',
      clock: systemClock,
    });

    try {
      expectEnd(await restart.ended, 11, 'LOCKED');
    } finally {
      lock.release();
    }

    expect(engine.pid()).toBeDefined();
    expect(config()).toContain('"RotationLimit">7');
  });
});

describe('schedule --restart-server', () => {
  it('refuses numbers that mean other tasks in what the server wrote when it stopped', async () => {
    engine.kill();
    const days = ['--type', 'full', '--time', '01:00'];
    expectDone(await kms('schedule', 'add', ...days, '--day', 'sun'));
    const memory = config();
    expectDone(await kms('schedule', 'rm', '1'));
    expectDone(await kms('schedule', 'add', ...days, '--day', 'mon'));
    engine.behave({ memory });
    await engine.start();

    const ended = await kms('schedule', 'rm', '1', '--restart-server');
    expectEnd(ended, 11, 'LOCKED');
    expect(config()).toBe(memory);
    expect(engine.pid()).toBeDefined();

    expectDone(await kms('schedule', 'rm', '1', '--restart-server'));
    expect(config()).not.toBe(memory);
  });
});

describe('recover --restart-server', () => {
  beforeEach(async () => {
    expectDone(await kms('backup', 'full'));
  });

  const inbox = (): string =>
    join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs');

  it('replaces the store while the server is stopped', async () => {
    rmSync(join(inbox(), '00000001.eml'));
    expectEnd(
      await kms('recover', server.backupDir, '--yes'),
      13,
      'ENGINE_RUNNING',
    );

    const { status, json } = await kmsJsonInProcess(
      ofServer(['recover', server.backupDir, '--yes', '--restart-server']),
    );
    expect(status).toBe(0);
    expect(json['downMs']).toBeGreaterThan(0);
    expect(existsSync(join(inbox(), '00000001.eml'))).toBe(true);
    expect(engine.pid()).toBeDefined();

    const back = await kms('recover', '--rollback', '--restart-server');
    expectDone(back);
    expect(existsSync(join(inbox(), '00000001.eml'))).toBe(false);
    expect(engine.pid()).toBeDefined();
  });

  it('gives up nothing for good that the plan did not show', async () => {
    const pid = engine.pid();
    // It comes in while the server stops, after the plan.
    const ini = join(server.serverDir, 'kms-backup.ini');
    const late = join(inbox(), '00000009.eml');
    writeFileSync(join(dir, 'late.eml'), message('late'));
    writeFileSync(
      ini,
      readFileSync(ini, 'utf8').replace(
        /stop = (.*)/,
        `stop = cp ${join(dir, 'late.eml')} ${late}; $1`,
      ),
    );

    const words = ['recover', server.backupDir, '--yes', '--restart-server'];
    const ended = await kms(...words, '--no-keep-old');
    expectEnd(ended, 1, 'FAILED');
    expect(ended.stderr).toContain('1 message more would go for good');
    expect(existsSync(late)).toBe(true);
    expect(engine.pid()).not.toBe(pid);
    expect(engine.pid()).toBeDefined();
  });

  it('does not stop it for a place that is not its own', async () => {
    const pid = engine.pid();
    const elsewhere = join(dir, 'elsewhere');
    mkdirSync(elsewhere);
    expectDone(
      await kms(
        ...['recover', server.backupDir, '--yes', '--restart-server'],
        ...['--store', elsewhere],
      ),
    );
    expect(engine.pid()).toBe(pid);
  });
});

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
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from 'vitest';
import { SETTING_KEYS } from '../../src/config/keys.js';
import { systemClock } from '../../src/platform/clock.js';
import { acquireLock } from '../../src/platform/lock.js';
import { markReading, RECOVER_LOCK } from '../../src/server/recover-mark.js';
import {
  layServer,
  makeServerTemplate,
  type ServerTemplate,
  takeAway,
} from '../helpers/laid-server.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import { type Installation, message } from '../helpers/installation.js';
import {
  type Behaviour,
  type RunningServer,
} from '../helpers/running-server.js';
import { canRefuse, kmsRefused } from '../helpers/refuse-calls.js';
import { removeTemporary } from '../helpers/store.js';
import { hasTerminal, type Session, typeInto } from '../helpers/terminal.js';
import {
  BINARY,
  type Ended,
  expectDone,
  expectEnd,
  QUIET_ENVIRONMENT,
} from '../helpers/tools.js';

let dir = '';
let template: ServerTemplate;
let server: Installation;
let engine: RunningServer;

/** One server with an archive, laid down anew for each test. */
beforeAll(async () => {
  template = await makeServerTemplate('restart');
  ({ dir, server } = template);
});
beforeEach(() => {
  engine = layServer(template);
  limits({});
});
afterEach(() => {
  takeAway(server, engine);
});
afterAll(() => {
  removeTemporary(dir);
});

/** What kms-backup.ini says: no longer to be waited for than a test needs. */
function limits({
  stop = `'${engine.script}' stop`,
  start = `'${engine.script}' start`,
  stopTimeout = '60s',
  startTimeout = '6s',
}: Readonly<Record<string, string>>): void {
  writeFileSync(
    join(server.serverDir, 'kms-backup.ini'),
    `[server]\nstop = ${stop}\nstart = ${start}\nstop-timeout = ${stopTimeout}\nstart-timeout = ${startTimeout}\n`,
  );
}

const serve = (behaviour: Behaviour = {}): Promise<void> => {
  engine.behave(behaviour);

  return engine.start();
};

/** The stop command waits until somebody lets it go on: what is tried meanwhile takes the time that it takes. */
function heldStop(): { readonly isAsked: () => boolean; letGo(): void } {
  const [asked, go] = [join(dir, 'asked'), join(dir, 'go')];
  for (const path of [asked, go]) rmSync(path, { force: true });

  limits({
    stop: `touch ${asked}; while [ ! -e ${go} ]; do sleep 0.05; done; '${engine.script}' stop`,
  });

  return {
    isAsked: () => existsSync(asked),
    letGo: () => {
      writeFileSync(go, '');
    },
  };
}

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
    const memory = config().replace('>mail.example.com<', '>new.example.com<');
    await serve({ stopMs: 300, memory });
    const before = engine.pid();

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
    await serve();
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
    const ended = await kms('config', 'set', 'keep=3', '--restart-server');
    expectDone(ended);
    expect(ended.stderr).toContain('did not run before: it is not started');
    expect(config()).toContain('"RotationLimit">3');
    expect(engine.pid()).toBeUndefined();
  });

  it('starts it again when the edit fails', async () => {
    await serve({ memory: '<config>' });
    const pid = engine.pid();

    const ended = await kms('config', 'set', 'keep=3', '--restart-server');
    expectEnd(ended, 2, 'CONFIGURATION');
    expect(ended.stderr).toContain('runs again');
    expect(engine.pid()).not.toBe(pid);
    expect(engine.pid()).toBeDefined();
    expect(existsSync(record())).toBe(false);
  });

  it('ends with 1 where it does not start, with the last lines of its log', async () => {
    limits({ startTimeout: '900ms' });
    await serve();
    engine.behave({ isBroken: true });
    const ended = await kms('config', 'set', 'keep=3', '--restart-server');
    expectEnd(ended, 1, 'FAILED');
    expect(ended.stderr).toContain('does not start');
    expect(ended.stderr).toContain('what was asked for is done');
    expect(ended.stderr).toContain('the licence is gone');
    expect(config()).toContain('"RotationLimit">3');
    expect(existsSync(record())).toBe(true);

    // The command that did not start it was mended since.
    limits({ start: `true; '${engine.script}' start` });
    engine.behave({});
    const again = await kms('config', 'set', 'keep=4', '--restart-server');
    expectDone(again);
    expect(again.stderr).toContain('and it has not run since');
    expect(again.stderr).toContain(`Starting the mail server: true; `);
    expect(engine.pid()).toBeDefined();
  });

  it('changes nothing where it does not stop, and does not start a second one', async () => {
    limits({ stopTimeout: '300ms' });
    await serve({ isDeaf: true });
    const pid = engine.pid();

    const before = config();
    const ended = await kms('config', 'set', 'keep=3', '--restart-server');
    expectEnd(ended, 1, 'FAILED');
    expect(ended.stderr).toContain('has not ended within 0.3 s');
    expect(ended.stderr).toContain('Where it ends later, nobody starts it: ');
    expect(config()).toBe(before);
    expect(engine.pid()).toBe(pid);
  });

  it('starts it again when it ends later than its time, and edits nothing', async () => {
    limits({ stopTimeout: '1s' });
    await serve({ stopMs: 1400 });

    const before = config();
    const ended = await kms('config', 'set', 'keep=3', '--restart-server');
    expectEnd(ended, 1, 'FAILED');
    expect(config()).toBe(before);
    expect(ended.stderr).toContain('runs again');
    expect(engine.pid()).toBeDefined();
  });

  it('says what is wrong with a stop command, and that one of the two is missing', async () => {
    await serve();
    const ini = join(server.serverDir, 'kms-backup.ini');
    writeFileSync(ini, '[server]\nstop = exit 7\n');
    const words = ['config', 'set', 'keep=3', '--restart-server'];
    expectEnd(await kms(...words), 2, 'CONFIGURATION');

    const pid = engine.pid();
    limits({ stop: 'exit 7', start: 'exit 8', stopTimeout: '700ms' });
    const ended = await kms(...words);
    expectEnd(ended, 1, 'FAILED');
    expect(ended.stderr).toContain('exit 7 failed: exit code 7');
    expect(ended.stderr).toContain('Nothing was changed, and it runs on.');
    expect(engine.pid()).toBe(pid);
  });
});

describe('a restart that dies or is interrupted', () => {
  const words = ['config', 'set', 'keep=3', '--restart-server'];

  it('is forgotten by the next edit where somebody has started the server', async () => {
    await serve();
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
      await serve();
      const stop = heldStop();
      const before = config();

      const { child, ended } = spawnKms(...words);
      await until(stop.isAsked);
      child.kill(signal);
      stop.letGo();
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
    await serve();
    const stop = heldStop();
    const first = spawnKms('config', 'set', 'keep=3', '--restart-server');
    await until(stop.isAsked);
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

    stop.letGo();
    expect((await first.ended).status).toBe(0);
    expect(config()).toContain('"RotationLimit">3');
    expect(config()).not.toContain('LogEvents');
    expect(engine.pid()).toBeDefined();
  });
});

describe('a recover that begins while the server is stopped', () => {
  it('keeps an edit from its work, and never the server from its start', async () => {
    await serve();
    const stop = heldStop();
    const restart = spawnKms('config', 'set', 'keep=3', '--restart-server');
    await until(stop.isAsked);
    const lock = await acquireLock({
      path: join(server.storeDir, RECOVER_LOCK),
      what: 'the store',
      command: 'recover',
      clock: systemClock,
    });

    stop.letGo();

    try {
      expectEnd(await restart.ended, 11, 'LOCKED');
    } finally {
      lock.release();
    }

    expect(engine.pid()).toBeDefined();
    expect(config()).toContain('"RotationLimit">7');
  });
});

describe.runIf(hasTerminal)('config wizard --restart-server', () => {
  const answer = (...last: readonly [string, string][]): Session =>
    typeInto(ofServer(['config', 'wizard', '--restart-server']), [
      ...SETTING_KEYS.map(({ label, name }): [string, string] => [
        label,
        name === 'keep' ? '\b4\r' : '\r',
      ]),
      ...last,
    ]);

  it('asks while the server runs, and stops it for what was agreed to alone', async () => {
    const memory = config().replace('>mail.example.com<', '>new.example.com<');
    await serve({ memory });
    const pid = engine.pid();
    expect(answer(['Write this', 'n\r']).status).toBe(0);
    expect(engine.pid()).toBe(pid);

    const { status, screen } = answer(['Write this', 'y\r']);
    expect(status, screen).toBe(0);
    expect(screen).toContain('runs again');
    expect(config()).toBe(
      memory.replace('"RotationLimit">7', '"RotationLimit">4'),
    );
    expect(engine.pid()).not.toBe(pid);
    expect(engine.pid()).toBeDefined();
  });
});

describe('schedule --restart-server', () => {
  it('refuses numbers that mean other tasks in what the server wrote when it stopped', async () => {
    const days = ['--type', 'full', '--time', '01:00'];
    expectDone(await kms('schedule', 'add', ...days, '--day', 'sun'));
    const memory = config();
    expectDone(await kms('schedule', 'rm', '1'));
    expectDone(await kms('schedule', 'add', ...days, '--day', 'mon'));
    await serve({ memory });

    const ended = await kms('schedule', 'rm', '1', '--restart-server');
    expectEnd(ended, 11, 'LOCKED');
    expect(config()).toBe(memory);
    expect(engine.pid()).toBeDefined();

    expectDone(await kms('schedule', 'rm', '1', '--restart-server'));
    expect(config()).not.toBe(memory);
  });
});

describe('recover --restart-server', () => {
  const inbox = (): string =>
    join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs');

  it('replaces the store while the server is stopped', async () => {
    await serve();
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

    const undo = ['recover', '--rollback', '--restart-server'];
    const places = [server.serverDir];
    const reading = await markReading(places, 'backup full', systemClock);
    const refused = await kms(...undo);
    expectEnd(refused, 11, 'LOCKED');
    expect(refused.stderr).not.toContain('Stopping');
    reading.release();

    expectDone(await kms(...undo));
    expect(existsSync(join(inbox(), '00000001.eml'))).toBe(false);
    expect(engine.pid()).toBeDefined();
  });

  it('adds what is lost, and says for how long the server was stopped', async () => {
    await serve();
    const pid = engine.pid();
    const one = readFileSync(join(inbox(), '00000001.eml'));
    rmSync(join(inbox(), '00000001.eml'));
    // Whoever asks for less than all may leave the server as it is; who asks for the restart gets it.
    const { status, json } = await kmsJsonInProcess(
      ofServer([
        ...['recover', server.backupDir, '--additive', '--yes'],
        ...['-u', 'alice@example.com', '--restart-server'],
      ]),
    );
    expect(status).toBe(0);
    expect(json).toMatchObject({ additive: { add: 1 } });
    expect(json['downMs']).toBeGreaterThan(0);
    expect(readFileSync(join(inbox(), '00000001.eml'))).toEqual(one);
    expect(engine.pid()).toBeDefined();
    expect(engine.pid()).not.toBe(pid);
    expect(existsSync(record())).toBe(false);

    const history = await kms('history');
    expect(history.stdout).toMatch(/recover +done .*server down \d+:\d\d/);
  });

  it('does not stop it where a backup or an edit is at work that it would have to wait for', async () => {
    await serve();
    const pid = engine.pid();
    const home = server.serverDir;
    const restart = '--restart-server';
    const expectRefused = async (...words: string[]): Promise<void> => {
      const ended = await kms(...words, restart);
      expectEnd(ended, 11, 'LOCKED');
      expect(ended.stderr).not.toContain('Stopping');
      expect(engine.pid()).toBe(pid);
    };

    const reading = await markReading([home], 'backup full', systemClock);
    await expectRefused('recover', server.backupDir, '--yes');
    reading.release();

    const lock = await acquireLock({
      path: join(home, '.mailserver.cfg.kms-backup.lock'),
      what: 'mailserver.cfg',
      command: 'config set',
      clock: systemClock,
    });
    await expectRefused('config', 'set', 'keep=3');
    await expectRefused('log', 'enable', 'store-backup');
    lock.release();
    expectDone(await kms('config', 'set', 'keep=3', restart));
  });

  it.runIf(canRefuse)(
    'leaves it stopped where the store is half old, half new, and says what comes first',
    async () => {
      await serve();
      const staging = join(server.storeDir, '.kms-backup-recover');
      const words = ['recover', server.backupDir, '--yes', '--restart-server'];
      const ended = kmsRefused(ofServer(words), {
        call: 'rename',
        below: `${staging}/new:${staging}/old`,
        errno: 5,
      });
      expectEnd(ended, 1, 'FAILED');
      expect(ended.stderr).toMatch(
        /the mail server stays stopped: .*half old, half new/,
      );
      const start = `'${engine.script}' start`;
      expect(ended.stderr).toMatch(/recover --rollback/);
      expect(ended.stderr).toContain(`Then start it: ${start}`);
      expect(engine.pid()).toBeUndefined();

      // Whoever asks later is not told to start a server on such a store.
      for (const words of [['status'], ['doctor']]) {
        const { stdout } = await kms(...words);
        expect(stdout).toMatch(/was left stopped.*Do not start it yet/s);
        expect(stdout).not.toContain(`. Start it: ${start}`);
      }

      const edit = await kms('config', 'set', 'keep=3', '--restart-server');
      expectEnd(edit, 1, 'FAILED');
      expect(engine.pid()).toBeUndefined();

      const back = await kms('recover', '--rollback', '--restart-server');
      expectDone(back);
      expect(back.stderr).toContain('this run starts it');
      expect(engine.pid()).toBeDefined();
      expect(existsSync(record())).toBe(false);
    },
  );

  it('gives up nothing for good that the plan did not show', async () => {
    await serve();
    const pid = engine.pid();
    // It comes in while the server stops, after the plan.
    const late = join(inbox(), '00000009.eml');
    writeFileSync(join(dir, 'late.eml'), message('late'));
    limits({
      stop: `cp ${join(dir, 'late.eml')} ${late}; '${engine.script}' stop`,
    });

    const words = ['recover', server.backupDir, '--yes', '--restart-server'];
    const ended = await kms(...words, '--no-keep-old');
    expectEnd(ended, 1, 'FAILED');
    expect(ended.stderr).toContain('1 message more would go for good');
    expect(existsSync(late)).toBe(true);
    expect(engine.pid()).not.toBe(pid);
    expect(engine.pid()).toBeDefined();
  });

  it('does not stop it for a place that is not its own', async () => {
    await serve();
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

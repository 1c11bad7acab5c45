import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
import { canInject, kmsWithFaults, wasKilled } from '../helpers/faults.js';
import {
  layServer,
  makeServerTemplate,
  type ServerTemplate,
  takeAway,
} from '../helpers/laid-server.js';
import { kmsInProcess } from '../helpers/in-process.js';
import { type Installation } from '../helpers/installation.js';
import { type RunningServer } from '../helpers/running-server.js';
import { removeTemporary } from '../helpers/store.js';
import {
  type Ended,
  expectDone,
  kms as callKms,
  said,
} from '../helpers/tools.js';

/** A restart that is killed at each of its steps: all of them, or the few that a machine of everybody's has time for. */
const isThorough = process.env['KMS_TEST_THOROUGH'] === '1';

let dir = '';
let template: ServerTemplate;
let server: Installation;
let engine: RunningServer;

beforeAll(async () => {
  template = await makeServerTemplate('restart-kills');
  ({ dir, server } = template);
});
beforeEach(async () => {
  engine = layServer(template);
  await engine.start();
});
afterEach(() => {
  takeAway(server, engine);
});
afterAll(() => {
  removeTemporary(dir);
});

const ofServer = (words: readonly string[]): string[] => [
  ...words,
  ...['--server-dir', server.serverDir],
];
const kms = (...words: string[]): Promise<Ended> =>
  kmsInProcess(ofServer(words));
const inServer = (...names: string[]): string =>
  join(server.serverDir, ...names);
const inbox = (): string =>
  join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs');

/** What is done while the server is stopped, and where it begins and changes something. */
const ACTS = {
  edit: {
    words: () => ['config', 'set', 'keep=3'],
    begins: () => inServer('.mailserver.cfg.kms-backup.lock'),
    changes: () => ['rename', inServer('.mailserver.cfg.kms-backup-tmp')],
  },
  recover: {
    words: () => ['recover', server.backupDir, '--yes'],
    begins: () => join(server.storeDir, '.kms-backup-recover.lock'),
    changes: () => ['rename', join(server.storeDir, 'mail')],
  },
  additive: {
    words: () => [
      ...['recover', server.backupDir, '--yes', '--additive'],
      ...['-u', 'alice@example.com'],
    ],
    begins: () => join(server.storeDir, '.kms-backup-recover.lock'),
    changes: () => ['link', join(inbox(), '00000001.eml')],
  },
} as const;

type Act = (typeof ACTS)[keyof typeof ACTS];

/** The program that runs the command is killed by the command. */
const KILL = 'kill -9 $PPID';

/** The record of the run that it kills names it as the start command, so that the next one calls it too. */
function killOnce(): string {
  const mark = join(dir, 'killed');
  rmSync(mark, { force: true });

  return `if [ -e ${mark} ]; then '${engine.script}' start; else touch ${mark}; ${KILL}; fi`;
}

interface Step {
  readonly name: string;
  /** Whether the server runs when all has come to rest. */
  readonly runs: boolean;
  /** Kills it there. */
  readonly kill: (act: Act) => Ended;
}

const STEPS: readonly Step[] = [
  {
    name: 'when the record is written, before the server hears of the stop',
    runs: true,
    kill: (act) => killedBy(act, { stop: KILL }),
  },
  {
    name: 'while the server stops',
    runs: false,
    kill: (act) => killedBy(act, { stop: `'${engine.script}' stop; ${KILL}` }),
  },
  {
    name: 'when the server is gone, before the act',
    runs: false,
    kill: (act) => killedAt(act, 'link', act.begins()),
  },
  {
    name: 'in the act',
    runs: false,
    kill: (act) => killedAt(act, ...(act.changes() as [string, string])),
  },
  {
    name: 'when the act is done, before the start is heard',
    runs: false,
    kill: (act) => killedBy(act, { start: killOnce() }),
  },
  {
    name: 'while the server starts',
    runs: true,
    kill: (act) =>
      killedBy(act, { start: `'${engine.script}' start; ${KILL}` }),
  },
  {
    name: 'when the server runs again, before the record is removed',
    runs: true,
    kill: (act) => {
      const ended = killedAt(act, 'unlink', record());
      expect(engine.pid()).toBeDefined();
      expect(existsSync(inServer('.kms-backup-restart.lock'))).toBe(true);

      return ended;
    },
  },
];

const isSampled = (act: string, step: number): boolean =>
  isThorough ||
  (act === 'edit' && [0, 2, 5, 6].includes(step)) ||
  (act === 'recover' && step === 3);

function commands({
  stop = `'${engine.script}' stop`,
  start = `'${engine.script}' start`,
}: Readonly<Record<string, string>>): void {
  writeFileSync(
    inServer('kms-backup.ini'),
    `[server]\nstop = ${stop}\nstart = ${start}\nstart-timeout = 6s\n`,
  );
}

function killedBy(act: Act, own: Readonly<Record<string, string>>): Ended {
  commands(own);
  const ended = callKms(restart(act));
  commands({});

  return ended;
}

function killedAt(act: Act, call: string, path: string): Ended {
  const inject = [`${call}:signal=SIGKILL:when=1`];

  return kmsWithFaults(restart(act), { inject, paths: [path] });
}

const restart = (act: Act): string[] =>
  ofServer([...act.words(), '--restart-server']);

/** Whatever was asked for has come to its end. */
async function rest(runs: boolean): Promise<void> {
  for (let looks = 0; (engine.pid() !== undefined) !== runs; looks++) {
    expect(looks).toBeLessThan(3000);
    await sleep(20);
  }
}

const LEFT = /the mail server was left stopped: (config set|recover) --restart/;

/** Everybody says it, or nobody. */
async function expectTold(isLeft: boolean, next: string[]): Promise<void> {
  for (const words of [['status'], ['doctor'], next]) {
    const ended = await kms(...words);
    if (isLeft) expect(said(ended), words[0]).toMatch(LEFT);
    else expect(said(ended), words[0]).not.toMatch(LEFT);
  }
}

const record = (): string => inServer('kms-backup-restart.json');
const isNoted = (): boolean => existsSync(record());

describe.skipIf(!canInject)('a restart that is killed (needs strace)', () => {
  for (const [name, act] of Object.entries(ACTS)) {
    const steps = STEPS.filter((_, step) => isSampled(name, step));

    for (const { name: when, runs, kill } of steps) {
      it(`${name}: ${when}`, async () => {
        rmSync(join(inbox(), '00000001.eml'));
        const before = readFileSync(inServer('mailserver.cfg'), 'utf8');
        const ended = kill(act);
        expect(wasKilled(ended), said(ended)).toBe(true);
        expect(isNoted()).toBe(true);
        await rest(runs);

        const next = ['config', 'set', 'keep=4'];
        await expectTold(!runs, next);

        if (runs) {
          // The next edit has seen that it runs.
          expect(isNoted()).toBe(false);
          return;
        }

        expect(isNoted()).toBe(true);
        const again = await kms(...act.words(), '--restart-server');
        expectDone(again);
        expect(again.stderr).toContain('this run starts it');
        await rest(true);
        expect(isNoted()).toBe(false);
        await expectTold(false, next);

        if (name === 'edit') {
          expect(readFileSync(inServer('mailserver.cfg'), 'utf8')).toBe(
            before.replace('"RotationLimit">7', '"RotationLimit">3'),
          );
        } else {
          expect(existsSync(join(inbox(), '00000001.eml'))).toBe(true);
        }
      });
    }
  }

  it('is forgotten where somebody started the server by hand', async () => {
    const ended = killedBy(ACTS.edit, { start: killOnce() });
    expect(wasKilled(ended), said(ended)).toBe(true);
    await rest(false);
    await engine.start();
    await expectTold(false, ['config', 'set', 'keep=4']);
    expect(isNoted()).toBe(false);
  });
});

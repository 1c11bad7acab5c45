import {
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canInject, kmsWithFaults, wasKilled } from '../helpers/faults.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import { canRefuse, kmsRefused } from '../helpers/refuse-calls.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import { expectDone, runTool, said } from '../helpers/tools.js';

/** What came in after a recover goes with its rollback: it is counted, named, and kept beside the state that comes back. */

const INBOX = 'mail/example.com/alice/INBOX/#msgs';
const NEW = '0000000c.eml';
const isThorough = process.env['KMS_TEST_THOROUGH'] !== undefined;
const STAGING = '.kms-backup-recover';

let dir = '';
let before = '';
let server: Installation;

const at = (...words: string[]): string[] => [
  'recover',
  ...words,
  '--yes',
  '--server-dir',
  server.serverDir,
];
const live = (name: string): string => join(server.storeDir, INBOX, name);
const kept = (name = ''): string =>
  join(server.storeDir, STAGING, 'since', INBOX, name);

beforeEach(async () => {
  dir = temporaryDirectory('rollback');
  server = buildInstallation(join(dir, 'server'), {
    store: {
      mail: {
        'example.com': {
          alice: {
            INBOX: {
              '#msgs': {
                '00000001.eml': message('one'),
                '00000002.eml': message('two'),
              },
            },
          },
        },
      },
    },
  });
  expectDone(
    await kmsInProcess(['backup', 'full', '--server-dir', server.serverDir]),
  );
  rmSync(live('00000002.eml'));
  writeFileSync(live('00000003.eml'), message('three'));
  before = join(dir, 'before');
  expectDone(runTool('cp', ['-a', server.serverDir, before]));
});
afterEach(() => {
  removeTemporary(dir);
});

/** The night's state is recovered, then mail comes in, and a message is moved. */
async function recoverAndGoOn(...flags: string[]): Promise<void> {
  expectDone(await kmsInProcess(at(server.backupDir, ...flags)));
  writeFileSync(live(NEW), message('new'));
  renameSync(live('00000001.eml'), live('00000011.eml'));
}

function expectBefore(): void {
  const differences = compareTrees(before, server.serverDir, {
    ignore: (path) => path.includes('.kms-backup') || path.startsWith('backup'),
  });
  expect(differences.filter((line) => !/ns: store\/$/.test(line))).toEqual([]);
}

const COST = {
  loses: { messages: 2, files: 0, unlisted: 0 },
  cameSince: { messages: 1, names: ['example.com/alice/INBOX/0000000c'] },
  movesBack: 1,
  adds: 1,
  addedMessages: 1,
  overwrites: 0,
  keepsSince: true,
};

it('is told before and after, and nothing that came in is lost', async () => {
  await recoverAndGoOn();
  const plan = await kmsInProcess(at('--rollback', '--dry-run', '--verbose'));
  expectDone(plan);
  expect(plan.stdout).toMatch(
    /^Loses {5}1 message that came in since \(newest .*\), 1 message that it brought\n {10}example\.com\/alice\/INBOX\/0000000c\nMoves {5}1 message back to where they were\nAdds {6}1 message\nChanges {3}nothing\nKeeps {5}1 message that came in since, beside/m,
  );
  const planned = await kmsJsonInProcess(at('--rollback', '--dry-run'));
  expect(planned.json).toMatchObject({ ...COST, keptIn: [] });

  const done = await kmsJsonInProcess(at('--rollback'));
  expect(done.json).toMatchObject({
    ...COST,
    keptIn: [join(server.storeDir, STAGING, 'since')],
    warnings: [],
  });
  expectBefore();
  expect(readFileSync(kept(NEW), 'utf8')).toBe(message('new'));
  expect(existsSync(kept('00000011.eml'))).toBe(false);

  const again = await kmsInProcess(at('--rollback'));
  expect(said(again)).toMatch(/^10 .*Code: NOT_FOUND/s);

  const status = await kmsInProcess([
    ...['status', '--server-dir', server.serverDir],
  ]);
  expect(status.stdout).toMatch(/messages that came in after the recover of F/);

  expectDone(await kmsInProcess(at('--forget')));
  expect(existsSync(join(server.storeDir, STAGING))).toBe(false);
});

it('stays through further recovers and rollbacks', async () => {
  await recoverAndGoOn();
  expectDone(await kmsInProcess(at('--rollback')));
  expectDone(await kmsInProcess(at(server.backupDir, '-u', 'alice')));
  expectDone(await kmsInProcess(at('--rollback')));

  expectBefore();
  expect(existsSync(kept(NEW))).toBe(true);
});

it('--no-keep-old keeps nothing of it, and says so', async () => {
  await recoverAndGoOn();
  const done = await kmsInProcess(at('--rollback', '--no-keep-old'));

  expectDone(done);
  expect(done.stdout).toContain('Kept      nothing of what came in since');
  expectBefore();
  expect(existsSync(join(server.storeDir, STAGING))).toBe(false);
});

it('a rollback before which nothing came in keeps nothing', async () => {
  expectDone(await kmsInProcess(at(server.backupDir)));
  const done = await kmsJsonInProcess(at('--rollback'));

  expect(done.json).toMatchObject({
    loses: { messages: 1 },
    cameSince: { messages: 0, newest: null },
    adds: 1,
    keptIn: [],
  });
  expectBefore();
  expect(existsSync(join(server.storeDir, STAGING))).toBe(false);
});

it.each([['-b'], ['--message', 'example.com/alice/INBOX/00000002']])(
  'is told of what lies beside as NAME.BAK, and of single messages: %s',
  async (...flags) => {
    await recoverAndGoOn(...flags);
    writeFileSync(live('00000002.eml'), message('changed'));
    const { json } = await kmsJsonInProcess(at('--rollback', '--dry-run'));

    const isWhole = flags[0] === '-b';
    expect(json).toMatchObject({
      loses: { messages: isWhole ? 2 : 1, files: 0 },
      cameSince: { messages: isWhole ? 2 : 1 },
      overwrites: 0,
      keepsSince: true,
    });
    const done = await kmsJsonInProcess(at('--rollback'));
    const [place = ''] = done.json['keptIn'] as string[];
    expect(readFileSync(join(place, INBOX, '00000002.eml'), 'utf8')).toBe(
      message('changed'),
    );
  },
);

it('lies on the disk of the domain that it came in to', async () => {
  const domain = join(server.storeDir, 'mail/example.com');
  renameSync(domain, join(dir, 'example.com'));
  symlinkSync(join(dir, 'example.com'), domain);
  await recoverAndGoOn();
  const { ino } = statSync(live(NEW));
  const { json } = await kmsJsonInProcess(at('--rollback'));

  expect(json).toMatchObject({
    ...COST,
    keptIn: [join(dir, STAGING, 'since')],
  });
  expect(statSync(join(dir, STAGING, 'since', INBOX, NEW)).ino).toBe(ino);
});

describe('where something fails', () => {
  it.runIf(canRefuse).each([
    ['link,open', 28, /^14 .*cannot be kept.*Code: NO_SPACE.*--no-keep-old/s],
    ['mkdir', 5, /^1 .*cannot be kept.*Code: IO_ERROR.*--no-keep-old/s],
  ])('nothing is rolled back: %s', async (call, errno, words) => {
    await recoverAndGoOn();
    const below = join(server.storeDir, STAGING, 'since');
    const ended = kmsRefused(at('--rollback'), { call, below, errno });

    expect(said(ended)).toMatch(words);
    expect(existsSync(live(NEW))).toBe(true);
    expect(existsSync(below)).toBe(false);
    expectDone(await kmsInProcess(at('--rollback')));
    expectBefore();
    expect(existsSync(kept(NEW))).toBe(true);
  });

  it.runIf(canInject).each(['mkdir', 'link', 'rename'])(
    'a kill at a %s leaves it live, or kept',
    async (call) => {
      await recoverAndGoOn();
      const night = join(dir, 'recovered');
      expectDone(runTool('cp', ['-a', server.serverDir, night]));
      let killed = 0;

      for (let when = 1; ; when += isThorough ? 1 : 3) {
        rmSync(server.serverDir, { recursive: true });
        expectDone(runTool('cp', ['-a', night, server.serverDir]));
        const ended = kmsWithFaults(at('--rollback'), {
          inject: [`${call}:signal=SIGKILL:when=${String(when)}`],
        });
        if (!wasKilled(ended)) break;

        killed++;
        const again = await kmsInProcess(at('--rollback'));
        if (again.status !== 10) expectDone(again);

        expectBefore();
        const found = runTool('find', [server.storeDir, '-name', NEW]);
        expect(found.stdout, String(when)).toContain(`${INBOX}/${NEW}`);
      }

      expect(killed).toBeGreaterThan(0);
    },
  );
});

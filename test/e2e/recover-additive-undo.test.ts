import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canInject, kmsWithFaults } from '../helpers/faults.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import {
  buildTree,
  compareTrees,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import { expectDone, expectEnd, runTool } from '../helpers/tools.js';

/** An additive recover is taken back: what it added goes, what it set aside is back, and other mail stays. */

const ALICE = 'mail/example.com/alice';
const INBOX = `${ALICE}/INBOX`;
const MESSAGES = `${INBOX}/#msgs`;

/** System calls that a kill comes before; the last two take minutes. */
const CALLS = process.env['KMS_TEST_THOROUGH']
  ? ['link', 'rename', 'unlink', 'fsync', 'mkdir']
  : ['link'];

let dir = '';
let server: Installation;
let before = '';

beforeEach(async () => {
  dir = temporaryDirectory('take-back');
  server = buildInstallation(join(dir, 'server'));
  buildTree(server.storeDir, {
    mail: {
      'example.com': {
        alice: {
          INBOX: {
            'index.fld': 'flags of one and two',
            'status.fld': 'status',
            '#msgs': {
              '00000001.eml': 'Subject: one\r\n\r\n1',
              '00000002.eml': 'Subject: two\r\n\r\n2',
            },
          },
          Gone: { '#msgs': { '00000001.eml': 'Subject: gone\r\n\r\n' } },
        },
      },
    },
  });
  expectDone(
    await kmsInProcess(['backup', 'full', '--server-dir', server.serverDir]),
  );

  rmSync(join(server.storeDir, ALICE, 'Gone'), { recursive: true });
  rmSync(at('00000001.eml'));
  // Another message has the name of one that comes.
  writeFileSync(at('00000001.eml'), 'Subject: another\r\n\r\n');
  keep();
});
afterEach(() => {
  removeTemporary(dir);
});

it('everything is as it was, byte for byte, and there is nothing to undo any more', async () => {
  const added = await kmsInProcess(add());
  expectDone(added);
  expect(added.stdout).toMatch(/^Kept +the names of what was added/m);
  expect(readdirSync(join(server.storeDir, MESSAGES))).toHaveLength(3);
  expect(existsSync(join(server.storeDir, ALICE, 'Gone'))).toBe(true);

  const plan = await kmsJsonInProcess([...undo(), '--dry-run']);
  expect(plan.json).toMatchObject({
    restores: [],
    takesBack: { messages: 2, files: 0, others: 0, indexed: 0 },
  });

  const undone = await kmsInProcess(undo());
  expectDone(undone);
  expect(undone.stdout).toMatch(/^Removed +2 messages that it added$/m);
  expect(differences()).toEqual([]);
  expectEnd(await kmsInProcess(undo()), 10, 'NOT_FOUND');
});

it('a recover that adds nothing leaves nothing to undo', async () => {
  expectDone(await kmsInProcess(add()));
  expectDone(await kmsInProcess(add()));

  expectDone(await kmsInProcess(undo()));
  expect(differences()).toEqual([]);
  expectEnd(await kmsInProcess(undo()), 10, 'NOT_FOUND');
});

it('with --no-keep-old nothing is noted', async () => {
  expectDone(await kmsInProcess([...add(), '--no-keep-old']));
  expectEnd(await kmsInProcess(undo()), 10, 'NOT_FOUND');
});

it('mail that came in since stays, and so does the index that names it', async () => {
  expectDone(await kmsInProcess([...add(), '--reindex']));
  writeFileSync(at('0000000f.eml'), 'Subject: new\r\n\r\n');
  writeFileSync(
    join(server.storeDir, INBOX, 'index.fld'),
    'made by the server',
  );

  const undone = await kmsInProcess(undo());
  expectDone(undone);
  expect(undone.stderr).toMatch(/index\.fld\.before-recover was not put back/);
  expect(readdirSync(join(server.storeDir, MESSAGES)).sort()).toEqual([
    '00000001.eml',
    '00000002.eml',
    '0000000f.eml',
  ]);
  expect(readFileSync(join(server.storeDir, INBOX, 'index.fld'), 'utf8')).toBe(
    'made by the server',
  );
});

it('an index that names what goes stays, and the rollback says so', async () => {
  expectDone(await kmsInProcess(add()));
  const index = join(server.storeDir, INBOX, 'index.fld');
  const [added = ''] = readdirSync(join(server.storeDir, MESSAGES)).filter(
    (name) => !['00000001.eml', '00000002.eml'].includes(name),
  );
  const names = ['00000002', added.slice(0, 8)];
  const text = names.map((name) => `U${name} F80000001 S1 D43032abf\r\n`);
  writeFileSync(index, text.join(''));

  const { json } = await kmsJsonInProcess([...undo(), '--dry-run']);
  expect(json).toMatchObject({ takesBack: { messages: 2, indexed: 1 } });

  const undone = await kmsInProcess(undo());
  expectDone(undone);
  expect(undone.stderr).toMatch(/INBOX\/index\.fld names 1 message that goes/);
  expect(readFileSync(index, 'utf8')).toBe(text.join(''));
});

it('what became another file since is no more what was added', async () => {
  expectDone(await kmsInProcess(add()));
  const gone = join(server.storeDir, ALICE, 'Gone/#msgs/00000001.eml');
  renameSync(gone, at('0000001a.eml'));
  const [added = ''] = readdirSync(join(server.storeDir, MESSAGES)).filter(
    (name) => !['00000001.eml', '00000002.eml', '0000001a.eml'].includes(name),
  );
  appendFileSync(at(added), 'changed');

  const { json } = await kmsJsonInProcess([...undo(), '--dry-run']);
  expect(json).toMatchObject({ takesBack: { messages: 0, others: 2 } });

  expectDone(await kmsInProcess(undo()));
  expect(readFileSync(at(added), 'utf8')).toMatch(/changed$/);
  expect(existsSync(at('0000001a.eml'))).toBe(true);
});

it('it comes before the recover under it, and is forgotten with it', async () => {
  const folder = ['-d', 'example.com', '-u', 'alice', '-f', 'INBOX'];
  expectDone(await kmsInProcess(bring(...folder)));
  rmSync(at('00000002.eml'));
  expectDone(await kmsInProcess(add()));
  const both = join(dir, 'both');
  copy(server.serverDir, both);

  expectDone(await kmsInProcess(undo()));
  expect(existsSync(at('00000002.eml'))).toBe(false);
  expectDone(await kmsInProcess(undo()));
  expect(readFileSync(at('00000001.eml'), 'utf8')).toMatch(/another/);

  rmSync(server.serverDir, { recursive: true });
  renameSync(both, server.serverDir);
  expectDone(await kmsInProcess([...call('--forget')]));
  expectEnd(await kmsInProcess(undo()), 10, 'NOT_FOUND');
  expect(existsSync(join(server.storeDir, '.kms-backup-recover'))).toBe(false);
});

describe.skipIf(!canInject)('killed at any step (needs strace),', () => {
  it.each(CALLS)(
    'at each %s: the same call adds the rest, and one rollback takes all back',
    async (name) => {
      let kills = 0;

      for (let when = 1; ; when++) {
        reset();
        const inject = [`${name}:signal=SIGKILL:when=${String(when)}`];
        const ended = kmsWithFaults(add(), { inject });
        if (ended.signal === null && ended.status === 0) break;

        kills++;
        if (when % 2 === 0) expectDone(await kmsInProcess(add()));

        const where = `${name} ${String(when)}`;
        const undone = await kmsInProcess(undo());
        expect([0, 10], where + undone.stderr).toContain(undone.status);
        expect(differences(), where).toEqual([]);
      }

      expect(kills).toBeGreaterThan(1);
    },
  );
});

function add(): string[] {
  return bring('-d', 'example.com', '-u', 'alice', '--additive');
}

function bring(...flags: readonly string[]): string[] {
  return call(server.backupDir, ...flags);
}

function undo(): string[] {
  return call('--rollback');
}

function call(...flags: readonly string[]): string[] {
  return ['recover', ...flags, '--server-dir', server.serverDir, '--yes'];
}

function at(name: string): string {
  return join(server.storeDir, MESSAGES, name);
}

function copy(from: string, to: string): void {
  expectDone(runTool('cp', ['-a', from, to]));
}

function keep(): void {
  before = join(dir, 'before');
  rmSync(before, { recursive: true, force: true });
  copy(server.serverDir, before);
}

function reset(): void {
  rmSync(server.serverDir, { recursive: true });
  copy(before, server.serverDir);
}

/** What is another than before: in the store; the place of the staging directory has another time. */
function differences(): string[] {
  const lines = compareTrees(
    join(before, 'store'),
    join(server.serverDir, 'store'),
    {},
  );

  return lines.filter((line) => !/ns: \/?$|: \.kms-backup-/.test(line));
}

import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { removeTree } from '../../src/platform/remove-tree.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { canRefuse, kmsRefused } from '../helpers/refuse-calls.js';
import {
  compareTrees,
  listTree,
  temporaryDirectory,
} from '../helpers/store.js';
import { expectDone, runTool } from '../helpers/tools.js';

/**
 * Whatever changed since the backup: the numbers of a plan are those that a comparison of the contents before and after
 * finds, and a rollback gives the state before.
 */

const RUNS = process.env['KMS_TEST_THOROUGH'] ? 60 : 2;

let dir = '';
afterEach(() => {
  if (dir !== '') removeTree(dir);
});

/** Something that happens to a file of the store, by its number. */
interface Change {
  readonly kind: 'add' | 'remove' | 'rewrite' | 'same size' | 'touch' | 'move';
  readonly folder: string;
  readonly file: string;
  readonly to: string;
}

const FOLDERS = [
  'mail/example.com/alice/INBOX/#msgs',
  'mail/example.com/alice/INBOX/Sub/#msgs',
  'mail/example.com/alice/INBOX',
  'mail/example.com/bob/Entw&APw-rfe/#msgs',
  'mail/example.org/alice/INBOX/#msgs',
  'mail/#public/News/#msgs',
  'lists/example.com',
] as const;
const FILES = [
  '00000001.eml',
  '00000002.eml',
  '0000000a.eml',
  'Re Hello.EML',
  'index.fld',
  'status.fld',
  'x.cfg',
] as const;
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom(
    'add',
    'add',
    'remove',
    'rewrite',
    'same size',
    'touch',
    'move',
  ),
  folder: fc.constantFrom(...FOLDERS),
  file: fc.constantFrom(...FILES),
  to: fc.constantFrom(...FOLDERS),
});
const many = (count: number): fc.Arbitrary<Change[]> =>
  fc.array(change, { maxLength: count });

const KINDS: readonly (readonly string[])[] = [
  [],
  ['-d', 'example.com'],
  ['-u', 'alice', '-d', 'example.com'],
  ['-u', 'alice', '-d', 'example.com', '-f', 'INBOX'],
  ['-u', 'alice', '-d', 'example.com', '-f', 'INBOX', '--no-subfolders'],
  ['--message', 'example.com/alice/INBOX/00000001'],
  ['-m', 'lists,cfg'],
  ['-d', 'example.com', '--in-place'],
  ['-d', 'example.com', '-u', 'alice', '--additive'],
];

it(
  `the plan says what a comparison before and after finds, in ${RUNS} stores of any history`,
  { timeout: RUNS * 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        many(30),
        many(12),
        many(15),
        fc.boolean(),
        async (first, night, since, isDifferential) => {
          const server = build(first);
          await backUp(server, 'full');
          if (isDifferential) {
            for (const one of night) apply(server, one);
            await backUp(server, 'diff');
          }

          for (const one of since) apply(server, one);
          writeFileSync(
            join(server.serverDir, 'users.cfg'),
            JSON.stringify(since),
          );
          for (const flags of KINDS) await check(server, flags);
        },
      ),
      { numRuns: RUNS },
    );
  },
);

it('a place that is not there yet gets everything that comes', async () => {
  const server = build([]);
  await backUp(server, 'full');

  for (const flags of [[], ['-u', 'alice', '-d', 'example.com']]) {
    const place = join(dir, `drill${String(flags.length)}`);
    const call = [
      'recover',
      server.backupDir,
      ...flags,
      '--store',
      join(place, 'store'),
      '--cfgdir',
      join(place, 'cfg'),
      '--server-dir',
      server.serverDir,
      '--yes',
    ];
    const plan = await kmsJsonInProcess([...call, '--dry-run']);
    expectDone(await kmsInProcess(call));

    const files = [...contents(place).keys()];
    const messages = files.filter((path) =>
      /^store\/mail\/.*\.eml$/.test(path),
    );

    expect(plan.json).toMatchObject({
      loses: { messages: 0, files: 0, unlisted: 0, newest: null },
      adds: files.length,
      addedMessages: messages.length,
      overwrites: 0,
    });
    expect(messages).not.toEqual([]);
  }
});

describe('a mailbox in which somebody moved messages', () => {
  const alice = 'mail/example.com/alice';
  const bring = (...flags: string[]): string[] => [
    ...['recover', join(dir, 'server/backups'), '-u', 'alice'],
    ...['-d', 'example.com', '--yes', '--server-dir', join(dir, 'server')],
    ...flags,
  ];

  it('gets them back to their places, and loses nothing', async () => {
    const server = build([]);
    await backUp(server, 'full');
    const of = (path: string): string => join(server.storeDir, alice, path);
    renameSync(
      of('INBOX/#msgs/00000001.eml'),
      of('INBOX/Sub/#msgs/0000000f.eml'),
    );
    const since = { folder: `${alice}/INBOX/#msgs`, file: 'x.eml', to: '' };
    apply(server, { ...since, kind: 'add' });

    const plan = await kmsJsonInProcess(bring('--dry-run'));
    expect(plan.json).toMatchObject({
      loses: { messages: 1, files: 0 },
      movesBack: 1,
      adds: 0,
    });
    const done = await kmsInProcess(bring());
    expectDone(done);
    expect(done.stderr).toContain(
      '\nMoves     1 message back to where they were\nAdds      nothing\n',
    );
    expect(done.stdout).toContain(
      '\nMoved      1 message back to where they were\nAdded      nothing\n',
    );
  });

  it.runIf(canRefuse)(
    'says what nobody can look at, and keeps it',
    async () => {
      const server = build([]);
      await backUp(server, 'full');
      const closed = join(server.storeDir, alice, 'INBOX/Sub/#msgs');
      const ended = kmsRefused(bring('--dry-run', '--json'), {
        call: 'readdir',
        below: closed,
        errno: 13,
      });

      expectDone(ended);
      expect(JSON.parse(ended.stdout)).toMatchObject({
        loses: { messages: 0, files: 0, unlisted: 1 },
        adds: 0,
        keepsOld: true,
        warnings: [
          expect.stringMatching(
            /^1 of the present directories and files could not be looked at, first "@backup.*Sub\/#msgs\/": cannot be listed: EACCES$/,
          ),
        ],
      });
    },
  );
});

function build(changes: readonly Change[]): Installation {
  if (dir !== '') removeTree(dir);
  dir = temporaryDirectory('cost');
  const server = buildInstallation(join(dir, 'server'));
  // Whatever a scope names is there.
  for (const folder of FOLDERS) {
    const one = { kind: 'add', folder, file: FILES[0], to: folder } as const;
    apply(server, one);
  }

  for (const one of changes) apply(server, one);

  return server;
}

let count = 0;

function apply({ storeDir }: Installation, one: Change): void {
  const path = join(storeDir, one.folder, one.file);
  const at = 1_700_000_000 + count++ * 60;
  const isThere = existsSync(path);

  switch (isThere ? one.kind : 'add') {
    case 'add':
    case 'rewrite':
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `Subject: ${String(count)}\r\n\r\n${one.kind}`);
      chmodSync(path, count % 2 ? 0o640 : 0o600);
      break;
    case 'remove':
      rmSync(path);
      return;
    case 'same size':
      writeFileSync(
        path,
        readFileSync(path).map((byte) => byte ^ 1),
      );
      break;
    case 'touch':
      break;
    case 'move': {
      const to = join(storeDir, one.to, `${String(count)}-${one.file}`);
      mkdirSync(dirname(to), { recursive: true });
      renameSync(path, to);
      return;
    }
  }

  utimesSync(path, at, at);
}

async function backUp(server: Installation, type: string): Promise<void> {
  expectDone(
    await kmsInProcess(['backup', type, '--server-dir', server.serverDir]),
  );
}

async function check(
  server: Installation,
  flags: readonly string[],
): Promise<void> {
  const call = (...more: string[]): string[] => [
    'recover',
    ...more,
    '--server-dir',
    server.serverDir,
    '--yes',
  ];
  const before = join(dir, 'before');
  expectDone(runTool('cp', ['-a', server.serverDir, before]));
  const old = contents(before);

  const plan = await kmsJsonInProcess([
    ...call(server.backupDir, ...flags),
    '--dry-run',
    '--verbose',
  ]);
  // A damaged or empty choice is none of a cost.
  if (plan.status === 10) {
    rmSync(before, { recursive: true });
    return;
  }

  expect(contents(server.serverDir)).toEqual(old);
  expectDone(await kmsInProcess(call(server.backupDir, ...flags)));
  const {
    loses,
    adds,
    addedMessages,
    movesBack,
    overwrites,
    overwrittenMessages,
  } = plan.json;
  expect(
    {
      loses,
      adds,
      addedMessages,
      movesBack,
      overwrites,
      overwrittenMessages,
    },
    flags.join(' '),
  ).toEqual(compare(old, contents(server.serverDir), before));

  if (flags.includes('--in-place')) {
    rmSync(server.serverDir, { recursive: true });
    renameSync(before, server.serverDir);
    return;
  }

  // What added nothing leaves nothing to undo.
  const isAdded = flags.includes('--additive');
  if (isAdded && adds === 0) {
    rmSync(before, { recursive: true });
    return;
  }

  const now = contents(server.serverDir);
  const back = await kmsJsonInProcess(call('--rollback', '--dry-run'));
  expectDone(await kmsInProcess(call('--rollback')));
  // What was added is taken back file by file, and the server makes its indexes anew.
  expect(back.json, flags.join(' ')).toMatchObject({
    ...(isAdded
      ? { loses: { messages: addedMessages } }
      : compare(now, old, undefined)),
    cameSince: { messages: 0 },
  });
  // The place of the lock and the staging directory.
  const isTop = (path: string): boolean => path.startsWith('backups/');
  const differences = compareTrees(before, server.serverDir, { ignore: isTop });
  expect(
    differences.filter((line) => !/ns: store\/$/.test(line)),
    flags.join(' '),
  ).toEqual([]);
  rmSync(before, { recursive: true });
}

/** What each file holds that a backup takes, by its path. An index that is set aside is kept, and the server makes a new one. */
function contents(serverDir: string): Map<string, string> {
  const isTaken = (path: string): boolean =>
    !path.endsWith('/') &&
    !path.startsWith('backups/') &&
    !path.startsWith('kms-backup-') &&
    !path.includes('.kms-backup');
  const hashOf = (path: string): string =>
    createHash('sha1')
      .update(readFileSync(join(serverDir, path)))
      .digest('hex');

  return new Map(
    listTree(serverDir)
      .filter(isTaken)
      .map((path) => [path.replace(/\.before-recover$/, ''), hashOf(path)]),
  );
}

function compare(
  old: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
  before: string | undefined,
): object {
  const isMessage = (path: string): boolean =>
    path.startsWith('store/mail/') && /\.eml$/i.test(path);
  const onlyOld = [...old.keys()].filter((path) => !now.has(path));
  const onlyNow = [...now.keys()].filter((path) => !old.has(path));
  const moved = pairMoved(
    onlyOld.filter(isMessage).map((path) => [path, old.get(path)]),
    onlyNow.filter(isMessage).map((path) => [path, now.get(path)]),
  );
  const gone = onlyOld.filter((path) => !moved.has(path));
  const came = onlyNow.filter((path) => ![...moved.values()].includes(path));
  const other = [...now].filter(
    ([path, hash]) => old.has(path) && old.get(path) !== hash,
  );
  const lost = gone.filter(isMessage);

  return {
    loses: {
      messages: lost.length,
      files: gone.length - lost.length,
      unlisted: 0,
      ...(before !== undefined && describeLost(lost, before)),
    },
    adds: came.length,
    addedMessages: came.filter(isMessage).length,
    movesBack: moved.size,
    overwrites: other.length,
    overwrittenMessages: other.filter(([path]) => isMessage(path)).length,
  };
}

/** Of lost messages their names, and when the newest was written. */
function describeLost(lost: readonly string[], before: string): object {
  const times = lost.map((path) => statSync(join(before, path)).mtimeMs);
  const isNamed = (path: string, names: readonly string[]): boolean =>
    names.some(
      (name) =>
        name.endsWith(basename(path)) || `${name}.eml`.endsWith(basename(path)),
    );

  return {
    newest:
      times.length === 0 ? null : new Date(Math.max(...times)).toISOString(),
    names: expect.toSatisfy(
      (names: readonly string[]) =>
        names.length === lost.length &&
        lost.every((path) => isNamed(path, names)),
    ) as unknown,
  };
}

/** Pairs what is gone with what came with the same content in the same mailbox. */
function pairMoved(
  gone: readonly (readonly [string, string | undefined])[],
  came: readonly (readonly [string, string | undefined])[],
): ReadonlyMap<string, string> {
  const mailboxOf = (path: string): string =>
    path
      .split('/')
      .slice(0, 4)
      .join('/')
      .replace(/#public.*/, '#public');
  const pairs = new Map<string, string>();
  const free = new Map(came);

  for (const [path, hash] of gone) {
    const partner = [...free].find(
      ([other, its]) => its === hash && mailboxOf(other) === mailboxOf(path),
    )?.[0];
    if (partner === undefined) continue;

    pairs.set(path, partner);
    free.delete(partner);
  }

  return pairs;
}

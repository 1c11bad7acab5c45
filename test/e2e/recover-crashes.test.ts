import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import { canInject, kmsWithFaults, wasKilled } from '../helpers/faults.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import {
  buildTree,
  compareTrees,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import {
  type Ended,
  expectDone,
  runTool,
  expectEnd,
  said,
} from '../helpers/tools.js';

const mailbox = (who: string): Tree => ({
  INBOX: { '#msgs': { '00000001.eml': message(who) }, 'status.fld': 'S' },
});
const NEW: Tree = {
  lists: { l: { 'a.cfg': 'list' } },
  mail: { 'example.com': { alice: mailbox('alice') } },
};
const OLD: Tree = {
  mail: { 'example.com': { alice: mailbox('other'), bob: mailbox('bob') } },
};
/** The mail archive lies beside the store, and is staged there. */
const ARCHIVE = 'disk/archive';
const archived = (month: string): Tree => ({
  [month]: { '#msgs': { '00000001.eml': message(month) } },
});
const FOLDER = ['-u', 'alice', '-f', 'INBOX'];
/** What rollbacks bring back where the last recover has begun its swap, and where it has not. */
const BOTH_OR_LAST = [['folder', 'old'], ['old']];
type Kind = readonly [name: string, flags: readonly string[]];
const WHOLE: Kind = ['whole', []];
const PART: Kind = ['folder', FOLDER];
/** Every step of every call, which takes a quarter of an hour; otherwise the calls that change names, and fewer of the later steps. */
const isThorough = process.env['KMS_TEST_THOROUGH'] !== undefined;
const sample = <T>(few: readonly T[], all: readonly T[]): readonly T[] =>
  isThorough ? all : few;

let dir = '';
let backupDir = '';
let server: Installation;
/** The server as it is before the recover, and what each kind of recover makes of it. */
const states = new Map<string, string>();

const call = (...flags: string[]): string[] => [
  'recover',
  ...flags,
  '--server-dir',
  server.serverDir,
  '--yes',
];
/** A recover that leaves nothing behind, unless a flag says otherwise. */
const bring = (...flags: string[]): string[] =>
  call(
    backupDir,
    ...(flags.includes('--keep-old') ? [] : ['--no-keep-old']),
    ...flags,
  );
const keepState = (name: string): void => {
  states.set(name, join(dir, name));
  expectDone(runTool('cp', ['-a', server.serverDir, join(dir, name)]));
};

const reset = (name: string): void => {
  rmSync(server.serverDir, { recursive: true, force: true });
  expectDone(runTool('cp', ['-a', states.get(name) ?? '', server.serverDir]));
};

/** Which of the states the server is in, configuration included; what differs from each where it is none. */
const stateOf = (...names: string[]): string => {
  const differences = names.map((name) => {
    const found = compareTrees(states.get(name) ?? '', server.serverDir, {
      directoryTimes: false,
      ignore: (path) =>
        /\.kms-backup-(recover|lock|reading|telling)/.test(path),
    });
    return { name, found };
  });
  return (
    differences.find(({ found }) => found.length === 0)?.name ??
    JSON.stringify(differences)
  );
};

const leftovers = (): string[] =>
  [server.serverDir, server.storeDir, join(server.serverDir, 'disk')]
    .flatMap((path) => readdirSync(path))
    .filter((name) => name.startsWith('.kms'));

/** Calls `work` with every kill of a run, until one ends by itself; how many there were. */
async function forEachKill(
  call: string,
  args: () => string[],
  prepare: () => void,
  work: (where: string) => Promise<void>,
): Promise<number> {
  for (let when = 1; ; when += isThorough ? 1 : Math.ceil(when / 2)) {
    prepare();
    const ended: Ended = kmsWithFaults(args(), {
      inject: [`${call}:signal=SIGKILL:when=${String(when)}`],
    });
    if (!wasKilled(ended)) {
      expectDone(ended);
      return when - 1;
    }

    await work(`${call} ${String(when)}`);
  }
}

beforeAll(async () => {
  dir = temporaryDirectory('crashes');
  const source = buildInstallation(join(dir, 'server'), {
    store: NEW,
    backupDir: join(dir, 'backups'),
    archiveDir: ARCHIVE,
  });
  buildTree(join(source.serverDir, ARCHIVE), archived('2026-Oct'));
  mkdirSync((backupDir = source.backupDir));
  server = source;
  expectDone(
    await kmsInProcess([
      'backup',
      'full',
      '--include-archive',
      '--server-dir',
      source.serverDir,
    ]),
  );
  rmSync(join(dir, 'server'), { recursive: true });
  server = buildInstallation(join(dir, 'server'), {
    store: OLD,
    backupDir,
    archiveDir: ARCHIVE,
  });
  buildTree(join(server.serverDir, ARCHIVE), archived('2026-Nov'));
  writeFileSync(join(server.serverDir, 'users.cfg'), 'the users of before');
  appendFileSync(
    join(server.serverDir, 'mailserver.cfg'),
    '<!-- of before -->\r\n',
  );
  keepState('old');
  for (const [name, flags] of [WHOLE, PART]) {
    reset('old');
    expectDone(await kmsInProcess(bring(...flags)));
    expect(leftovers()).toEqual([]);
    keepState(name);
  }

  reset('old');
  expectDone(await kmsInProcess(bring('--keep-old', ...FOLDER)));
  keepState('folder kept');
});
afterAll(() => {
  removeTemporary(dir);
});

describe.skipIf(!canInject)('killed at any step (needs strace),', () => {
  for (const call of sample(
    ['rename', 'rmdir'],
    ['rename', 'link', 'fsync', 'mkdir', 'unlink', 'rmdir'],
  )) {
    for (const [kind, flags] of sample([WHOLE], [WHOLE, PART])) {
      it(`a recover (${kind}, ${call}) is undone by --rollback or completed by the next call, never a mixture`, async () => {
        const kills = await forEachKill(
          call,
          () => bring(...flags),
          () => {
            reset('old');
          },
          async (where) => {
            keepState('crashed');
            const undone = await kmsInProcess(undo());
            expect([0, 10], where + undone.stderr).toContain(undone.status);
            expect(
              stateOf('old', ...(undone.status === 0 ? [] : [kind])),
              where,
            ).toMatch(/^\w+$/);
            reset('crashed');
            rmSync(states.get('crashed') ?? '', { recursive: true });
            expectDone(await kmsInProcess(bring(...flags)));
            expect(stateOf(kind), where).toBe(kind);
            expect(leftovers(), where).toEqual([]);
          },
        );
        expect(kills).toBeGreaterThan(kind === 'whole' ? 4 : 0);
      });
    }

    it.runIf(isThorough || call === 'rename')(
      `a recover with --keep-old (${call}) is completed by the same call, and what was before comes back`,
      async () => {
        await forEachKill(
          call,
          () => bring('--keep-old'),
          () => {
            reset('old');
          },
          async (where) => {
            const wasDone = stateOf('whole') === 'whole';
            expectDone(await kmsInProcess(bring('--keep-old')));
            expect(stateOf('whole'), where).toBe('whole');
            const undone = await kmsInProcess(undo());
            expect(undone.status, where + undone.stderr).toBe(0);

            // Killed behind its end, the same call is another recover, and keeps what the first one brought.
            if (wasDone && stateOf('whole') === 'whole') {
              expectDone(await kmsInProcess(undo()));
            }

            expect(stateOf('old'), where).toBe('old');
            expect(leftovers(), where).toEqual([]);
          },
        );
      },
    );

    it(`a rollback (${call}) is completed by the next one`, async () => {
      await forEachKill(
        call,
        () => undo(),
        () => {
          reset('folder kept');
        },
        async (where) => {
          const again = await kmsInProcess(undo());
          expect([0, 10], where + again.stderr).toContain(again.status);
          expect(
            stateOf('old', ...(again.status === 0 ? [] : ['folder'])),
            where,
          ).toBe('old');
        },
      );
    });
  }

  it('over what another recover keeps, both states come back, the last one first', async () => {
    const kills = await forEachKill(
      'rename',
      () => bring('--keep-old'),
      () => {
        reset('folder kept');
      },
      async (where) => {
        keepState('crashed');
        // At once, or after it was completed.
        for (const completes of [false, true]) {
          reset('crashed');
          if (completes) expectDone(await kmsInProcess(bring('--keep-old')));
          const states: string[] = [];
          // The copies of a reset are as new as mail that came in since.
          const undoAll = [...undo(), '--no-keep-old'];
          while ((await kmsInProcess(undoAll)).status === 0) {
            states.push(stateOf('folder', 'old'));
          }

          const ends = completes ? [['folder', 'old']] : BOTH_OR_LAST;
          expect(ends, where).toContainEqual(states);
          if (completes) expect(leftovers(), where).toEqual([]);
        }

        rmSync(states.get('crashed') ?? '', { recursive: true });
      },
    );
    expect(kills).toBeGreaterThan(4);
  });

  it('while what is kept is forgotten, no rollback brings a part of it', async () => {
    const kept = join(
      server.storeDir,
      '.kms-backup-recover/old/mail/example.com/alice/INBOX',
    );
    const paths = [
      join(kept, 'status.fld'),
      join(kept, '#msgs/00000001.eml'),
      join(kept, '#msgs'),
      kept,
    ];
    for (let when = 1; when <= paths.length; when++) {
      reset('folder kept');
      const inject = [`unlink,rmdir:signal=SIGKILL:when=${String(when)}`];
      const ended = kmsWithFaults(call('--forget'), { inject, paths });
      expect(wasKilled(ended), said(ended)).toBe(true);
      const undone = await kmsInProcess(undo());
      expect([undone.status, stateOf('folder')], undone.stderr).toEqual([
        10,
        'folder',
      ]);
      expectDone(await kmsInProcess(bring(...FOLDER)));
      expect([stateOf('folder'), leftovers()]).toEqual(['folder', []]);
    }
  });

  it('a swap that cannot go on puts the old state back, and in place goes on with the next call', async () => {
    // The first three are asked for before anything is extracted.
    for (const when of [1, 4, 5, 6, 7]) {
      const paths = [
        join(server.storeDir, 'mail'),
        join(server.storeDir, 'lists'),
        join(server.serverDir, 'users.cfg'),
      ];
      reset('old');
      const ended = kmsWithFaults(bring(), {
        inject: [`rename:error=EIO:when=${String(when)}`],
        paths,
      });
      if (ended.status === 0) break;
      expect([ended.status, stateOf('old'), leftovers()], ended.stderr).toEqual(
        [1, 'old', []],
      );
      expect(ended.stderr).toContain('Code: IO_ERROR');
      expect(ended.stderr).toContain('Nothing was changed');
      const inPlace = kmsWithFaults(bring('--in-place'), {
        inject: [`rename:error=EIO:when=${String(when)}`],
        paths,
      });
      if (inPlace.status !== 0) {
        expectNoWayBack(await kmsInProcess(undo()));
        expectDone(await kmsInProcess(bring('--in-place')));
      }

      expect([stateOf('whole'), leftovers()]).toEqual(['whole', []]);
    }
  });

  for (const call of sample(
    ['rename', 'unlink'],
    ['rename', 'unlink', 'rmdir'],
  )) {
    it(`a recover in place (${call}) leaves the old state, the new one, or a store that no backup takes for whole`, async () => {
      await forEachKill(
        call,
        () => bring('--in-place'),
        () => {
          reset('old');
        },
        async (where) => {
          const isWhole = /^\w+$/.test(stateOf('old', 'whole'));
          if (!isWhole) {
            const backup = await kmsInProcess([
              'backup',
              'full',
              '--server-dir',
              server.serverDir,
              '--backup-dir',
              join(dir, 'none'),
            ]);
            expectEnd(backup, 1, 'FAILED');
            expect(backup.stderr, where).toContain('was interrupted');
            await expectRemovedSaid(backup.stderr, where);
            // There is nothing to go back to: it must not be tried.
            const undone = await kmsInProcess(undo());
            expectEnd(undone, 1, 'FAILED');
          }

          expectDone(await kmsInProcess(bring('--in-place')));
          expect(stateOf('whole'), where).toBe('whole');
          expect(leftovers(), where).toEqual([]);
        },
      );
    });
  }
});

/** Where the old state is removed in part, a recover of another part says so, although it holds the store itself. */
async function expectRemovedSaid(found: string, where: string): Promise<void> {
  const fact = 'part of the old state is removed';
  if (!found.includes(fact)) return;

  const other = await kmsInProcess(bring('-d', 'example.com'));
  expectEnd(other, 1, 'FAILED');
  expect(other.stderr, where).toContain(fact);
}

/** A rollback that finds nothing to go back to, or a recover in place, which has none. */
function expectNoWayBack(ended: Ended): void {
  expect(said(ended)).toMatch(/^(1 [^]*Code: FAILED|10 [^]*Code: NOT_FOUND)$/m);
}

function undo(): string[] {
  return call('--rollback');
}

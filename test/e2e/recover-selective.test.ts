import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from 'vitest';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import { canInject, kmsWithFaults, wasKilled } from '../helpers/faults.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import {
  compareTrees,
  listTree,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import {
  BINARY,
  type Ended,
  expectDone,
  expectEnd,
  kms,
  QUIET_ENVIRONMENT,
  runTool,
  said,
} from '../helpers/tools.js';

const mailbox = (who: string): Tree => ({
  INBOX: {
    '#msgs': {
      '00000001.eml': message(`${who} one`),
      '0000000a.eml': message(`${who} ten`),
    },
    'status.fld': `S ${who}\r\n`,
    'index.fld': `I ${who}\r\n`,
    'search.fld': 'not backed up',
    Projects: {
      '#msgs': { '00000001.eml': message(`${who} project`) },
      'status.fld': 'SP\r\n',
    },
  },
  'Gesendete Objekte': {
    '#msgs': { '00000001.eml': message(`${who} sent`) },
    'status.fld': 'SG\r\n',
    '&AMQ-rzte': {
      '#msgs': { '00000003.eml': message(`${who} to the doctors`) },
      'status.fld': 'SD\r\n',
    },
  },
  // Told from INBOX by its case alone.
  inbox: {
    '#msgs': { '0000000a.eml': message(`${who} ten of another folder`) },
  },
  Empty: { '#msgs': {} },
});
const STORE: Tree = {
  lists: { 'example.com': { 'list.cfg': 'a list\r\n' } },
  mail: {
    'example.com': {
      alice: mailbox('alice'),
      bob: mailbox('bob'),
      '#public': { News: { '#msgs': { '00000001.eml': message('news') } } },
      dave: { INBOX: { '#msgs': {}, 'status.fld': 'SI\r\n' } },
      'domain.fld': 'of the domain itself',
    },
    'example.org': { carol: mailbox('carol') },
    '#public': { All: { '#msgs': { '00000001.eml': message('all') } } },
  },
};
const ALICE = 'mail/example.com/alice';

let dir = '';
/** As it was when the archive was made. */
let before = '';
/** As it is when a recover starts: everything about alice and carol has changed. */
let damaged = '';
let source: Installation;
let server: Installation;

beforeAll(async () => {
  dir = temporaryDirectory('selective');
  source = buildInstallation(join(dir, 'source'), { store: STORE });
  before = source.storeDir;
  expectDone(
    await kmsInProcess(['backup', 'full', '--server-dir', source.serverDir]),
  );
  const other = buildInstallation(join(dir, 'damaged'), { store: STORE });
  damaged = other.storeDir;
  rmSync(join(damaged, ALICE, 'INBOX/#msgs/00000001.eml'));
  writeFileSync(
    join(damaged, ALICE, 'INBOX/#msgs/0000000a.eml'),
    message('another mail has the number'),
  );
  writeFileSync(
    join(damaged, ALICE, 'INBOX/#msgs/0000000b.eml'),
    message('came later'),
  );
  rmSync(join(damaged, ALICE, 'Gesendete Objekte'), { recursive: true });
  renameSync(
    join(damaged, 'mail/example.org/carol/INBOX'),
    join(damaged, 'mail/example.org/carol/Moved'),
  );
});
beforeEach(() => {
  server = buildInstallation(join(dir, 'server'), { store: {} });
  rmSync(server.storeDir, { recursive: true });
  expectDone(runTool('cp', ['-a', damaged, server.storeDir]));
});
afterEach(() => {
  removeTemporary(join(dir, 'server'));
  removeTemporary(join(dir, 'elsewhere'));
});
afterAll(() => {
  removeTemporary(dir);
});

/** In this process: what a signal or a kill does is tested elsewhere. */
const recover = (...flags: string[]): Promise<Ended> =>
  kmsInProcess([
    'recover',
    source.backupDir,
    '--server-dir',
    server.serverDir,
    '--yes',
    ...flags,
  ]);
const rollBack = (...flags: string[]): Promise<Ended> =>
  kmsInProcess([
    'recover',
    '--rollback',
    '--server-dir',
    server.serverDir,
    '--yes',
    ...flags,
  ]);
/** Directories' times move when what they hold is replaced; `search.fld` is never backed up. */
const asWas = (below: string): string[] =>
  compareTrees(join(before, below), join(server.storeDir, below), {
    directoryTimes: false,
    ignore: (path) => path.endsWith('search.fld'),
  });
const untouchedBut = (...places: string[]): string[] =>
  compareTrees(damaged, server.storeDir, {
    directoryTimes: false,
    ignore: (path) =>
      path.startsWith('.kms-backup-recover') ||
      places.some((place) => path.startsWith(place)),
  });

describe('a part of the mail is recovered, and nothing else is touched:', () => {
  for (const [what, flags, place] of [
    ['a domain', ['-d', 'EXAMPLE.org'], 'mail/example.org/'],
    ['a user', ['-d', 'example.com', '-u', 'Alice'], `${ALICE}/`],
    ['a user by address', ['--user=alice@example.com'], `${ALICE}/`],
    [
      'the public folders of a domain',
      ['-d', 'example.com', '-u', '#public'],
      'mail/example.com/#public/',
    ],
    ['all public folders', ['-u', '#public'], 'mail/#public/'],
    ['an empty folder', ['-u', 'alice', '-f', 'empty'], `${ALICE}/Empty/`],
    ['a user without any mail', ['-u', 'dave'], 'mail/example.com/dave/'],
    [
      'a folder with those below it',
      ['-d', 'example.com', '-u', 'alice', '-f', 'INBOX'],
      `${ALICE}/INBOX/`,
    ],
    [
      'a folder by its decoded name',
      ['-u', 'alice', '-f', 'Gesendete Objekte/Ärzte'],
      `${ALICE}/Gesendete Objekte/&AMQ-rzte/`,
    ],
    [
      'a folder by its name on the disk',
      ['-u', 'alice', '-f', 'gesendete objekte/&AMQ-rzte'],
      `${ALICE}/Gesendete Objekte/&AMQ-rzte/`,
    ],
  ] as const) {
    it(what, async () => {
      expectDone(await recover(...flags));
      expect(asWas(place)).toEqual([]);
      const parents = place
        .split('/')
        .slice(0, -2)
        .map((_, level, all) => `${all.slice(0, level + 1).join('/')}/`);
      const made = parents.filter(
        (parent) => !existsSync(join(damaged, parent)),
      );
      expect(untouchedBut(place, ...made)).toEqual([]);
      for (const parent of made) {
        expect(
          listTree(join(server.storeDir, parent)).every(
            (path) =>
              join(parent, path).startsWith(place) ||
              place.startsWith(join(parent, path)) ||
              path === 'status.fld',
          ),
        ).toBe(true);
      }
    });
  }

  it('a folder without those below it', async () => {
    writeFileSync(
      join(server.storeDir, ALICE, 'INBOX/Projects/#msgs/00000009.eml'),
      'stays',
    );
    expectDone(
      await recover(
        '-u',
        'alice',
        '-d',
        'example.com',
        '-f',
        'INBOX',
        '--no-subfolders',
      ),
    );
    expect(asWas(`${ALICE}/INBOX/#msgs`)).toEqual([]);
    expect(
      readFileSync(
        join(server.storeDir, ALICE, 'INBOX/Projects/#msgs/00000009.eml'),
        'utf8',
      ),
    ).toBe('stays');
  });

  it('a folder without those below it, and an index of other mail goes', async () => {
    const folder = join(server.storeDir, ALICE, 'INBOX');
    expectDone(
      await recover(
        '-u',
        'alice',
        '-f',
        'INBOX',
        '--no-subfolders',
        '--keep-old',
      ),
    );
    expect(existsSync(join(folder, 'search.fld'))).toBe(false);
    expect(readFileSync(join(folder, 'index.fld'), 'utf8')).toBe('I alice\r\n');
    expectDone(await rollBack());
    expect(untouchedBut()).toEqual([]);
  });

  it('one message of a folder that is gone, with what the folder is shown by', async () => {
    for (const flags of [[], ['--additive']]) {
      expectDone(
        await recover(
          '--message',
          'example.com/alice/gesendete objekte/Ärzte/00000003',
          '--keep-old',
          ...flags,
        ),
      );
      expect(
        listTree(join(server.storeDir, ALICE, 'Gesendete Objekte')),
      ).toEqual([
        '&AMQ-rzte/',
        '&AMQ-rzte/#msgs/',
        '&AMQ-rzte/#msgs/00000003.eml',
        '&AMQ-rzte/status.fld',
        'status.fld',
      ]);
      if (flags.length > 0) continue;
      expectDone(await rollBack());
      expect(untouchedBut()).toEqual([]);
    }
  });

  it('a folder whose parent is gone, with what the parent is shown by; one that is there stays as it is', async () => {
    const parent = join(server.storeDir, ALICE, 'Gesendete Objekte');
    expectDone(await recover('-u', 'alice', '-f', 'Gesendete Objekte/Ärzte'));
    expect(readdirSync(parent).sort()).toEqual(['&AMQ-rzte', 'status.fld']);
    writeFileSync(join(parent, 'status.fld'), 'changed');
    expectDone(await recover('-u', 'alice', '-f', 'Gesendete Objekte/Ärzte'));
    expect(readFileSync(join(parent, 'status.fld'), 'utf8')).toBe('changed');
  });

  it('one message, and the index that named it differently goes', async () => {
    expectDone(await recover('--message', 'example.com/alice/INBOX/0000000A'));
    expect(asWas(`${ALICE}/INBOX/#msgs/`)).toEqual([
      'missing: 00000001.eml',
      'unexpected: 0000000b.eml',
    ]);
    expect(existsSync(join(server.storeDir, ALICE, 'INBOX/index.fld'))).toBe(
      false,
    );
    expect(untouchedBut(`${ALICE}/INBOX/`)).toEqual([]);
  });

  it('to another store, with the live one as it was', async () => {
    const elsewhere = join(dir, 'elsewhere');
    expectDone(
      await recover('-u', 'bob', '-d', 'example.com', '-s', elsewhere),
    );
    expect(untouchedBut()).toEqual([]);
    expect(
      compareTrees(
        join(before, 'mail/example.com/bob'),
        join(elsewhere, 'mail/example.com/bob'),
        {
          ignore: (path) => path.endsWith('search.fld'),
        },
      ),
    ).toEqual([]);
    expect(readdirSync(join(elsewhere, 'mail/example.com'))).toEqual(['bob']);
  });

  it('only the parts of a mask', async () => {
    rmSync(join(server.storeDir, 'lists'), { recursive: true });
    const elsewhere = join(dir, 'elsewhere');
    expectDone(await recover('--mask=cfg,lists', '-c', elsewhere));
    expect(
      readdirSync(elsewhere)
        .filter((name) => !name.startsWith('.'))
        .sort(),
    ).toEqual(['mailserver.cfg', 'users.cfg']);
    expect(asWas('lists/')).toEqual([]);
    expect(untouchedBut('lists/')).toEqual([]);
  });
});

describe('what the archive does not hold', () => {
  it('is not found, with the nearest names, and nothing changes', async () => {
    for (const [flags, hint] of [
      [['-d', 'exampel.com'], 'example.com'],
      [['-d', 'example.com', '-u', 'alcie'], 'alice'],
      [['-u', 'alice', '-d', 'example.com', '-f', 'INBX'], 'INBOX'],
      [
        ['--message', 'example.com/alice/INBOX/0000000f'],
        'example.com/alice/INBOX/0000000a',
      ],
      [
        ['--message', 'example.com/alice/INBX/00000001'],
        'example.com/alice/INBOX',
      ],
      [
        [
          '--message',
          'example.com/alice/INBOX/00000001',
          '--message',
          'example.com/alice/INBOX/00000002',
        ],
        '00000001',
      ],
      [['-l', '--message', 'example.com/alice/INBOX/0000000f'], '0000000a'],
    ] as const) {
      const ended = await recover(...flags);
      expect(said(ended)).toMatch(/^10 /);
      expect(ended.stderr).toContain(hint);
    }

    expect(untouchedBut()).toEqual([]);
  });
});

describe('kmsrecover', () => {
  it('takes its options before and after the argument, and asks nothing', () => {
    const link = join(dir, 'kmsrecover');
    if (!existsSync(link)) symlinkSync(BINARY, link);
    const call = (...args: string[]): ReturnType<typeof kms> =>
      runTool(process.execPath, [link, ...args], {
        cwd: server.serverDir,
        env: QUIET_ENVIRONMENT,
      });
    expect(
      said(call('-l', source.backupDir, '-d', 'example.com', '-u', 'alice')),
    ).toMatch(/^0 [\s\S]*Gesendete Objekte\/Ärzte +1/);
    expect(untouchedBut()).toEqual([]);
    const one = call(
      source.backupDir,
      '-l',
      '--message',
      'example.com/alice/INBOX/0000000a',
    ).stdout;
    expect(one).toMatch(/alice +INBOX +1 .*\n1 message, /);
    expectDone(
      call('-d', 'example.com', source.backupDir, '-u', 'alice', '-g'),
    );
    expect(asWas(ALICE)).toEqual([]);
    expectDone(call('--mask=cfg,mail', source.backupDir));
    expect(asWas('mail')).toEqual([]);
  });

  it('is a command of the npm package, by a file whose name npm keeps on Windows too', () => {
    const packageFile = fileURLToPath(
      new URL('../../package.json', import.meta.url),
    );
    const { bin } = JSON.parse(readFileSync(packageFile, 'utf8')) as {
      bin: Record<string, string>;
    };
    const program = join(dirname(packageFile), bin['kmsrecover'] ?? '');
    const call = (...args: string[]): string =>
      said(
        runTool(process.execPath, [program, ...args], {
          env: QUIET_ENVIRONMENT,
        }),
      );
    expect(call('-l', source.backupDir)).toMatch(
      /^0 [\s\S]*Gesendete Objekte\/Ärzte +1/,
    );
    expect(call('-h')).toMatch(/^0 [\s\S]*EXIT STATUS/);
  });
});

describe('the state before a recover', () => {
  it('comes back exactly, of a folder and of everything', async () => {
    for (const flags of [['-u', 'alice', '-d', 'example.com'], []]) {
      expectDone(await recover('--keep-old', ...flags));
      expect(asWas(ALICE)).toEqual([]);
      expectDone(
        await kmsInProcess([
          'recover',
          '--rollback',
          '--server-dir',
          server.serverDir,
          '--yes',
        ]),
      );
      expect(untouchedBut()).toEqual([]);
    }
  });

  it('of each of several recovers comes back, the last one first', async () => {
    const states: string[] = [];
    const calls = [['-d', 'example.org'], ['-u', 'alice'], [], ['-m', 'cfg']];
    for (const [number, flags] of calls.entries()) {
      states.push(join(dir, `state ${String(number)}`));
      expectDone(runTool('cp', ['-a', server.serverDir, states.at(-1) ?? '']));
      expectDone(await recover(...flags));
    }

    for (const state of states.reverse()) {
      expectDone(await rollBack());
      const options = {
        directoryTimes: false,
        ignore: (path: string) => path.includes('.kms-backup-recover'),
      };
      expect(compareTrees(state, server.serverDir, options)).toEqual([]);
      rmSync(state, { recursive: true });
    }

    expectEnd(await rollBack(), 10, 'NOT_FOUND');
    expect(
      listTree(server.serverDir).filter((path) => path.includes('.kms-backup')),
    ).toEqual([]);
  });

  it('stays where a later recover keeps nothing', async () => {
    expectDone(await recover('-u', 'alice'));
    expectDone(await recover('-d', 'example.org', '--no-keep-old'));
    expectDone(await rollBack());
    expect(untouchedBut('mail/example.org')).toEqual([]);
    expectEnd(await rollBack(), 10, 'NOT_FOUND');
  });

  it('is shown and stays as it is with --rollback --dry-run', async () => {
    expectDone(await recover('--keep-old', '-u', 'alice'));
    const state = listTree(server.serverDir);
    expect((await rollBack('--dry-run')).stdout).toMatch(
      /Restores .*example\.com\/alice\n[^]*Nothing was changed/,
    );
    expect(listTree(server.serverDir)).toEqual(state);
    expect(asWas(ALICE)).toEqual([]);
    expectDone(await rollBack());
    expect((await rollBack('--dry-run')).status).toBe(10);
  });

  it('is not promised where nothing of it is kept', async () => {
    for (const flag of ['--keep-old', '--backup']) {
      expect((await recover('--in-place', flag)).status).toBe(2);
    }

    expect(untouchedBut()).toEqual([]);
  });

  it('of another store is found there', async () => {
    const elsewhere = join(dir, 'elsewhere');
    expectDone(await recover('-u', 'bob', '-s', elsewhere, '--keep-old'));
    expectDone(await rollBack('-s', elsewhere));
    expect(listTree(elsewhere)).toEqual([]);
  });

  it('stays beside the new one as NAME.BAK with -b', async () => {
    expectDone(
      await recover('-b', '-u', 'alice', '-d', 'example.com', '-f', 'INBOX'),
    );
    expect(asWas(`${ALICE}/INBOX`)).toEqual([]);
    const kept = compareTrees(
      join(damaged, ALICE, 'INBOX'),
      join(server.storeDir, ALICE, 'INBOX.BAK'),
    );
    expect(kept).toEqual([]);
    expectDone(
      await kmsInProcess([
        'recover',
        '--rollback',
        '--server-dir',
        server.serverDir,
        '--yes',
      ]),
    );
    expect(untouchedBut()).toEqual([]);
  });
});

describe('mail that is added', () => {
  const additive = ['--additive', '-d', 'example.com', '-u', 'alice'];
  const namesIn = (folder: string): string[] =>
    readdirSync(join(server.storeDir, ALICE, folder)).sort();
  /** The indexes of alice's INBOX, by name, and what they hold. */
  const indexesOf = (store: string): string[][] =>
    readdirSync(join(store, ALICE, 'INBOX'))
      .filter((name) => name.startsWith('index.fld'))
      .map((name) => [
        name,
        readFileSync(join(store, ALICE, 'INBOX', name), 'utf8'),
      ]);
  const expectAdded = (): void => {
    // 00000001 was free, 0000000a had another mail, 0000000b came later: the next free number is 0000000c.
    expect(namesIn('INBOX/#msgs')).toEqual([
      '00000001.eml',
      '0000000a.eml',
      '0000000b.eml',
      '0000000c.eml',
    ]);
    const read = (root: string, name: string): string =>
      readFileSync(join(root, ALICE, 'INBOX/#msgs', name), 'utf8');
    expect(read(server.storeDir, '0000000a.eml')).toBe(
      read(damaged, '0000000a.eml'),
    );
    expect(read(server.storeDir, '0000000c.eml')).toBe(
      read(before, '0000000a.eml'),
    );
    expect(namesIn('Gesendete Objekte/&AMQ-rzte')).toEqual([
      '#msgs',
      'status.fld',
    ]);
  };

  it('overwrites nothing, comes under free names, and a second time everything is there already', async () => {
    const planned = await recover(...additive, '--dry-run');
    expect(planned.stdout).toContain(
      'add 4, skip 2 identical, overwrite 0, delete 0',
    );
    expect(untouchedBut()).toEqual([]);
    const { status, json } = await kmsJsonInProcess([
      'recover',
      source.backupDir,
      '--server-dir',
      server.serverDir,
      '--yes',
      ...additive,
    ]);
    expect({ status, counts: json['additive'] }).toMatchObject({
      status: 0,
      counts: { add: 4, renamed: 1, skip: 2 },
    });
    expectAdded();
    expect(planned.stdout).toMatch(/^Index +stays, with all read marks/m);
    expect(indexesOf(server.storeDir)).toEqual(indexesOf(damaged));
    expect(untouchedBut(`${ALICE}/`)).toEqual([]);
    const state = listTree(server.storeDir);
    expect((await recover(...additive)).stdout).toContain('0 messages added');
    expect(listTree(server.storeDir)).toEqual(state);
  });

  it('is shown by a server that builds an index only where there is none, if that is asked for', async () => {
    const indexes = indexesOf(damaged);
    const planned = await recover(...additive, '--reindex', '--dry-run');
    expect(planned.stdout).toMatch(
      /^Index +set aside in 1 folder: all messages there are unread$/m,
    );
    const done = await recover(...additive, '--reindex');
    expectDone(done);
    expect(done.stdout).toMatch(/^Index +set aside in 1 folder/m);
    expectAdded();
    expect(indexesOf(server.storeDir)).toEqual(
      indexes.map(([name, text]) => [`${name}.before-recover`, text]),
    );
    expectEnd(await recover('--reindex'), 2, 'USAGE');
  });

  it('gives new folders the rights of those that they lie in', async () => {
    runTool('chmod', ['700', join(server.storeDir, ALICE)]);
    expectDone(await recover(...additive));
    for (const folder of [
      'Gesendete Objekte',
      'Gesendete Objekte/&AMQ-rzte',
      'Gesendete Objekte/#msgs',
    ]) {
      expect(
        (statSync(join(server.storeDir, ALICE, folder)).mode & 0o777).toString(
          8,
        ),
      ).toBe('700');
    }
  });

  it.runIf(canInject)(
    'gets another name where its own is taken at the last moment',
    () => {
      const args = [
        'recover',
        source.backupDir,
        '--server-dir',
        server.serverDir,
        '--yes',
        ...additive,
      ];
      for (const when of [1, 3]) {
        const ended = kmsWithFaults(args, {
          inject: [`link:error=EEXIST:when=${String(when)}`],
        });
        expect(said(ended)).toMatch(/^0 [\s\S]*4 messages added/);
        expectAdded();
        rmSync(server.storeDir, { recursive: true });
        expectDone(runTool('cp', ['-a', damaged, server.storeDir]));
      }
    },
  );

  it.runIf(canInject)(
    'and was killed at any step is complete after the next call, without doubles',
    async () => {
      let kills = 0;
      for (const call of ['link', 'rename', 'unlink']) {
        for (let when = 1; when < 12; when++) {
          const args = [
            'recover',
            source.backupDir,
            '--server-dir',
            server.serverDir,
            '--yes',
            ...additive,
            '--reindex',
          ];
          const ended = kmsWithFaults(args, {
            inject: [`${call}:signal=SIGKILL:when=${String(when)}`],
          });
          if (!wasKilled(ended)) break;
          kills++;
          expectDone(await kmsInProcess(args));
          expectAdded();
          expect(namesIn('INBOX')).not.toContain('index.fld');
          rmSync(server.storeDir, { recursive: true });
          expectDone(runTool('cp', ['-a', damaged, server.storeDir]));
        }
      }

      expect(kills).toBeGreaterThan(8);
    },
  );
});

describe('a store', () => {
  it('that is a link, with mail that is one too, is recovered where it lies', async () => {
    const [real, realMail] = [
      join(dir, 'server', 'real store'),
      join(dir, 'server', 'real mail'),
    ];
    renameSync(server.storeDir, real);
    symlinkSync(real, server.storeDir);
    renameSync(join(real, 'mail'), realMail);
    symlinkSync(realMail, join(real, 'mail'));
    expectDone(await recover('--no-keep-old'));
    expect(
      compareTrees(join(before, 'mail'), realMail, {
        directoryTimes: false,
        ignore: (path) => path.endsWith('search.fld'),
      }),
    ).toEqual([]);
    expect(
      listTree(join(dir, 'server')).filter((path) =>
        path.includes('.kms-backup-recover/'),
      ),
    ).toEqual([]);
    expect(readdirSync(server.serverDir)).toContain('store');
    expect(asWas('lists')).toEqual([]);
  });

  it('with mail that is a link to a directory of another name takes added mail too', async () => {
    const realMail = join(dir, 'server', 'disk 2');
    renameSync(join(server.storeDir, 'mail'), realMail);
    symlinkSync(realMail, join(server.storeDir, 'mail'));
    expect((await recover('--additive', '-u', 'alice')).stdout).toMatch(
      /Recovered +[1-9]/,
    );
    expect(
      existsSync(
        join(
          realMail,
          'example.com/alice/Gesendete Objekte/#msgs/00000001.eml',
        ),
      ),
    ).toBe(true);
  });

  it('with domains and users behind links is recovered where they lie, and a link that no backup follows stays', async () => {
    const disk = join(dir, 'server', 'disk 2');
    mkdirSync(join(disk, 'unknown', 'zoe'), { recursive: true });
    const moveTo = (path: string, name: string): void => {
      renameSync(join(server.storeDir, path), join(disk, name));
      symlinkSync(join(disk, name), join(server.storeDir, path));
    };

    moveTo('mail/example.org', 'org');
    moveTo(ALICE, 'alice of com');
    symlinkSync(
      join(disk, 'unknown'),
      join(server.storeDir, 'mail/unknown.example'),
    );
    for (const flags of [
      ['-u', 'alice', '-f', 'INBOX'],
      ['-d', 'example.com'],
      ['--keep-old'],
    ]) {
      expectDone(await recover(...flags));
    }

    const isIndex = (path: string): boolean => path.endsWith('search.fld');
    const at = { directoryTimes: false, ignore: isIndex };
    expect(
      compareTrees(join(before, 'mail/example.org'), join(disk, 'org'), at),
    ).toEqual([]);
    expect(
      compareTrees(join(before, ALICE), join(disk, 'alice of com'), at),
    ).toEqual([]);
    const live = join(server.storeDir, 'mail');
    for (const path of [
      'example.org',
      'example.com/alice',
      'unknown.example',
    ]) {
      expect(lstatSync(join(live, path)).isSymbolicLink(), path).toBe(true);
    }

    expect(readdirSync(join(disk, 'unknown'))).toEqual(['zoe']);
    expect(
      compareTrees(
        join(before, 'mail/example.com/bob'),
        join(live, 'example.com/bob'),
        at,
      ),
    ).toEqual([]);
  });

  it('behind a link that leads nowhere is not replaced: the disk is not mounted', async () => {
    renameSync(join(server.storeDir, 'mail'), join(dir, 'server', 'mail'));
    symlinkSync('/nonexistent/disk', join(server.storeDir, 'mail'));
    expect(said(await recover())).toMatch(
      /^1 .*is a link to \/nonexistent\/disk, which is not there.*Code: FAILED/s,
    );
    expect(readdirSync(server.storeDir)).not.toContain('.kms-backup-recover');
  });

  it('with a domain and mailserver.cfg that are mount points is recovered in its place, and undone', (context) => {
    const [domain, config] = [
      join(server.storeDir, 'mail/example.com'),
      join(server.serverDir, 'mailserver.cfg'),
    ];
    const call = (flags: string): string =>
      `'${process.execPath}' '${BINARY}' recover '${source.backupDir}' --server-dir '${server.serverDir}' --yes ${flags} || exit 1`;
    const script = [
      `mount -t tmpfs -o size=20m tmpfs '${domain}' || exit 77`,
      `cp -a '${damaged}/mail/example.com/.' '${domain}'`,
      `cp '${config}' '${dir}/config' && echo '<!-- mounted -->' >> '${dir}/config'`,
      `mount --bind '${dir}/config' '${config}' || exit 77`,
      call('--keep-old'),
      `mountpoint -q '${domain}' && diff -r --exclude=search.fld --exclude=.kms-backup-recover '${before}' '${server.storeDir}' || exit 2`,
      `grep -c mounted '${config}'`,
      call('--rollback'),
      `mountpoint -q '${domain}' && diff -r '${damaged}' '${server.storeDir}' || exit 3`,
      `grep -c mounted '${config}'`,
    ];
    const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], {
      env: QUIET_ENVIRONMENT,
    });
    if (ended.status === 77 || /unshare/.test(ended.stderr)) {
      context.skip('needs mount');
    }

    expect(said(ended)).toMatch(/^0 [\s\S]*\n0\n[\s\S]*\n1\n$/);
  });

  it('that cannot be written is an error that says so, and stays as it was', (context) => {
    mkdirSync(join(dir, 'elsewhere'));
    const script = [
      `mount --bind '${server.storeDir}' '${server.storeDir}' && mount -o remount,ro,bind '${server.storeDir}' || exit 77`,
      `'${process.execPath}' '${BINARY}' recover '${source.backupDir}' --server-dir '${server.serverDir}' --yes`,
    ];
    const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], {
      env: QUIET_ENVIRONMENT,
    });
    if (ended.status === 77 || /unshare/.test(ended.stderr)) {
      context.skip('needs mount');
    }

    expect(said(ended)).toMatch(/^1 [^]*\(EROFS\)\nCode: READ_ONLY$/m);
    expect(untouchedBut()).toEqual([]);
  });

  it('that is a mount point is recovered in its place', (context) => {
    const mail = join(server.storeDir, 'mail');
    const script = [
      `mount -t tmpfs -o size=20m tmpfs '${mail}' || exit 77`,
      `mkdir '${mail}/old.example' && echo old > '${mail}/old.example/x'`,
      `'${process.execPath}' '${BINARY}' recover '${source.backupDir}' --server-dir '${server.serverDir}' --yes --no-keep-old || exit 1`,
      `ls -A '${mail}'`,
      `diff -r --exclude=search.fld '${before}/mail' '${mail}'`,
    ];
    const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], {
      env: QUIET_ENVIRONMENT,
    });
    if (ended.status === 77 || /unshare/.test(ended.stderr)) {
      context.skip('needs mount');
    }

    expect(said(ended)).toMatch(/^0 [\s\S]*example\.com\nexample\.org\n$/);
  });

  it('without room is exit 14 before anything starts, and --in-place goes on', (context) => {
    const mail = join(server.storeDir, 'mail');
    const script = [
      `mount -t tmpfs -o size=4m tmpfs '${mail}' || exit 77`,
      `mkdir '${mail}/old.example' && head -c 3000000 /dev/zero > '${mail}/old.example/x' && head -c 1100000 /dev/zero > '${mail}/y'`,
      `'${process.execPath}' '${BINARY}' recover '${source.backupDir}' --server-dir '${server.serverDir}' --yes; echo "first $?"`,
      `ls '${mail}'`,
      `'${process.execPath}' '${BINARY}' recover '${source.backupDir}' --server-dir '${server.serverDir}' --yes --in-place; echo "second $?"`,
      `diff -r --exclude=search.fld '${before}/mail' '${mail}'`,
    ];
    const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], {
      env: QUIET_ENVIRONMENT,
    });
    if (ended.status === 77 || /unshare/.test(ended.stderr)) {
      context.skip('needs mount');
    }

    expect(said(ended)).toMatch(
      /^0 [\s\S]*first 14\nold\.example\ny\n[\s\S]*second 0\n$/,
    );
  });
});

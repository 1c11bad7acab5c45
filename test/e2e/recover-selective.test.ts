import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canInject, kmsWithFaults, wasKilled } from '../helpers/faults.js';
import { buildInstallation, type Installation, message } from '../helpers/installation.js';
import { compareTrees, listTree, removeTemporary, temporaryDirectory, type Tree } from '../helpers/store.js';
import { BINARY, expectDone, kms, kmsJson, QUIET_ENVIRONMENT, runTool } from '../helpers/tools.js';

const mailbox = (who: string): Tree => ({
  INBOX: {
    '#msgs': { '00000001.eml': message(`${who} one`), '0000000a.eml': message(`${who} ten`) },
    'status.fld': `S ${who}\r\n`,
    'index.fld': `I ${who}\r\n`,
    'search.fld': 'not backed up',
    Projects: { '#msgs': { '00000001.eml': message(`${who} project`) }, 'status.fld': 'SP\r\n' },
  },
  'Gesendete Objekte': {
    '#msgs': { '00000001.eml': message(`${who} sent`) },
    '&AMQ-rzte': { '#msgs': { '00000003.eml': message(`${who} to the doctors`) }, 'status.fld': 'SD\r\n' },
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
    },
    'example.org': { carol: mailbox('carol') },
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

beforeAll(() => {
  dir = temporaryDirectory('selective');
  source = buildInstallation(join(dir, 'source'), { store: STORE });
  before = source.storeDir;
  expectDone(kms(['backup', 'full', '--server-dir', source.serverDir]));
  const other = buildInstallation(join(dir, 'damaged'), { store: STORE });
  damaged = other.storeDir;
  rmSync(join(damaged, ALICE, 'INBOX/#msgs/00000001.eml'));
  writeFileSync(join(damaged, ALICE, 'INBOX/#msgs/0000000a.eml'), message('another mail has the number'));
  writeFileSync(join(damaged, ALICE, 'INBOX/#msgs/0000000b.eml'), message('came later'));
  rmSync(join(damaged, ALICE, 'Gesendete Objekte'), { recursive: true });
  renameSync(join(damaged, 'mail/example.org/carol/INBOX'), join(damaged, 'mail/example.org/carol/Moved'));
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

const recover = (...flags: string[]): ReturnType<typeof kms> =>
  kms(['recover', source.backupDir, '--server-dir', server.serverDir, '--yes', ...flags]);
const said = ({ status, stdout, stderr }: ReturnType<typeof kms>): string => `${String(status)} ${stderr}${stdout}`;
/** Directories' times move when what they hold is replaced; `search.fld` is never backed up. */
const asWas = (below: string): string[] =>
  compareTrees(join(before, below), join(server.storeDir, below), {
    directoryTimes: false,
    ignore: (path) => path.endsWith('search.fld'),
  });
const untouchedBut = (...places: string[]): string[] =>
  compareTrees(damaged, server.storeDir, {
    directoryTimes: false,
    ignore: (path) => places.some((place) => path.startsWith(place)),
  });

describe('a part of the mail is recovered, and nothing else is touched:', () => {
  for (const [what, flags, place] of [
    ['a domain', ['-d', 'EXAMPLE.org'], 'mail/example.org/'],
    ['a user', ['-d', 'example.com', '-u', 'Alice'], `${ALICE}/`],
    ['a user by address', ['--user=alice@example.com'], `${ALICE}/`],
    ['a folder with those below it', ['-d', 'example.com', '-u', 'alice', '-f', 'INBOX'], `${ALICE}/INBOX/`],
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
    it(what, () => {
      expectDone(recover(...flags));
      expect(asWas(place)).toEqual([]);
      const parents = place
        .split('/')
        .slice(0, -2)
        .map((_, level, all) => `${all.slice(0, level + 1).join('/')}/`);
      const made = parents.filter((parent) => !existsSync(join(damaged, parent)));
      expect(untouchedBut(place, ...made)).toEqual([]);
      for (const parent of made)
        expect(
          listTree(join(server.storeDir, parent)).every(
            (path) => join(parent, path).startsWith(place) || place.startsWith(join(parent, path)),
          ),
        ).toBe(true);
    });
  }

  it('a folder without those below it', () => {
    writeFileSync(join(server.storeDir, ALICE, 'INBOX/Projects/#msgs/00000009.eml'), 'stays');
    expectDone(recover('-u', 'alice', '-d', 'example.com', '-f', 'INBOX', '--no-subfolders'));
    expect(asWas(`${ALICE}/INBOX/#msgs`)).toEqual([]);
    expect(readFileSync(join(server.storeDir, ALICE, 'INBOX/Projects/#msgs/00000009.eml'), 'utf8')).toBe('stays');
  });

  it('one message, and the index that named it differently goes', () => {
    expectDone(recover('--message', 'example.com/alice/INBOX/0000000A'));
    expect(asWas(`${ALICE}/INBOX/#msgs/`)).toEqual(['missing: 00000001.eml', 'unexpected: 0000000b.eml']);
    expect(existsSync(join(server.storeDir, ALICE, 'INBOX/index.fld'))).toBe(false);
    expect(untouchedBut(`${ALICE}/INBOX/`)).toEqual([]);
  });

  it('to another store, with the live one as it was', () => {
    const elsewhere = join(dir, 'elsewhere');
    expectDone(recover('-u', 'bob', '-d', 'example.com', '-s', elsewhere));
    expect(untouchedBut()).toEqual([]);
    expect(
      compareTrees(join(before, 'mail/example.com/bob'), join(elsewhere, 'mail/example.com/bob'), {
        ignore: (path) => path.endsWith('search.fld'),
      }),
    ).toEqual([]);
    expect(readdirSync(join(elsewhere, 'mail/example.com'))).toEqual(['bob']);
  });

  it('only the parts of a mask', () => {
    rmSync(join(server.storeDir, 'lists'), { recursive: true });
    const elsewhere = join(dir, 'elsewhere');
    expectDone(recover('--mask=cfg,lists', '-c', elsewhere));
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
  it('is not found, with the nearest names, and nothing changes', () => {
    for (const [flags, hint] of [
      [['-d', 'exampel.com'], 'example.com'],
      [['-d', 'example.com', '-u', 'alcie'], 'alice'],
      [['-u', 'alice', '-d', 'example.com', '-f', 'INBX'], 'INBOX'],
      [['--message', 'example.com/alice/INBOX/000000ff'], ''],
    ] as const) {
      const ended = recover(...flags);
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
      runTool(process.execPath, [link, ...args], { cwd: server.serverDir, env: QUIET_ENVIRONMENT });
    expect(said(call('-l', source.backupDir, '-d', 'example.com', '-u', 'alice'))).toMatch(
      /^0 [\s\S]*Gesendete Objekte\/Ärzte +1/,
    );
    expect(untouchedBut()).toEqual([]);
    expectDone(call('-d', 'example.com', source.backupDir, '-u', 'alice', '-g'));
    expect(asWas(ALICE)).toEqual([]);
    expectDone(call('--mask=cfg,mail', source.backupDir));
    expect(asWas('mail')).toEqual([]);
  });
});

describe('the state before a recover', () => {
  it('comes back exactly, of a folder and of everything, and only the last is kept', () => {
    for (const flags of [['-u', 'alice', '-d', 'example.com'], []]) {
      expectDone(recover('--keep-old', ...flags));
      expect(asWas(ALICE)).toEqual([]);
      expectDone(kms(['recover', '--rollback', '--server-dir', server.serverDir, '--yes']));
      expect(untouchedBut()).toEqual([]);
    }
    expectDone(recover('--keep-old', '-d', 'example.org'));
    expectDone(recover('-d', 'example.com', '-u', 'alice'));
    expect(kms(['recover', '--rollback', '--server-dir', server.serverDir, '--yes']).status).toBe(10);
    expect(listTree(server.serverDir).filter((path) => path.includes('.kms-backup'))).toEqual([]);
  });

  it('stays beside the new one as NAME.BAK with -b', () => {
    expectDone(recover('-b', '-u', 'alice', '-d', 'example.com', '-f', 'INBOX'));
    expect(asWas(`${ALICE}/INBOX`)).toEqual([]);
    const kept = compareTrees(join(damaged, ALICE, 'INBOX'), join(server.storeDir, ALICE, 'INBOX.BAK'));
    expect(kept).toEqual([]);
    expectDone(kms(['recover', '--rollback', '--server-dir', server.serverDir, '--yes']));
    expect(untouchedBut()).toEqual([]);
  });
});

describe('mail that is added', () => {
  const additive = ['--additive', '-d', 'example.com', '-u', 'alice'];
  const namesIn = (folder: string): string[] => readdirSync(join(server.storeDir, ALICE, folder)).sort();
  const expectAdded = (): void => {
    // 00000001 was free, 0000000a had another mail, 0000000b came later: the next free number is 0000000c.
    expect(namesIn('INBOX/#msgs')).toEqual(['00000001.eml', '0000000a.eml', '0000000b.eml', '0000000c.eml']);
    const read = (root: string, name: string): string => readFileSync(join(root, ALICE, 'INBOX/#msgs', name), 'utf8');
    expect(read(server.storeDir, '0000000a.eml')).toBe(read(damaged, '0000000a.eml'));
    expect(read(server.storeDir, '0000000c.eml')).toBe(read(before, '0000000a.eml'));
    expect(namesIn('Gesendete Objekte/&AMQ-rzte')).toEqual(['#msgs', 'status.fld']);
  };

  it('overwrites nothing, comes under free names, and a second time everything is there already', () => {
    const planned = recover(...additive, '--dry-run');
    expect(planned.stdout).toContain('add 4, skip 1 identical, overwrite 0, delete 0');
    expect(untouchedBut()).toEqual([]);
    const { status, json } = kmsJson([
      'recover',
      source.backupDir,
      '--server-dir',
      server.serverDir,
      '--yes',
      ...additive,
    ]);
    expect({ status, counts: json['additive'] }).toMatchObject({ status: 0, counts: { add: 4, renamed: 1, skip: 1 } });
    expectAdded();
    expect(namesIn('INBOX').filter((name) => name.startsWith('index.fld'))).toEqual(['index.fld.before-recover']);
    expect(untouchedBut(`${ALICE}/`)).toEqual([]);
    const state = listTree(server.storeDir);
    expect(recover(...additive).stdout).toContain('0 messages added');
    expect(listTree(server.storeDir)).toEqual(state);
  });

  it('gives new folders the rights of those that they lie in', () => {
    runTool('chmod', ['700', join(server.storeDir, ALICE)]);
    expectDone(recover(...additive));
    for (const folder of ['Gesendete Objekte', 'Gesendete Objekte/&AMQ-rzte', 'Gesendete Objekte/#msgs']) {
      expect((statSync(join(server.storeDir, ALICE, folder)).mode & 0o777).toString(8)).toBe('700');
    }
  });

  it.runIf(canInject)(
    'and was killed at any step is complete after the next call, without doubles',
    () => {
      let kills = 0;
      for (const call of ['link', 'rename', 'unlink']) {
        for (let when = 1; when < 12; when++) {
          const args = ['recover', source.backupDir, '--server-dir', server.serverDir, '--yes', ...additive];
          const ended = kmsWithFaults(args, { inject: [`${call}:signal=SIGKILL:when=${String(when)}`] });
          if (!wasKilled(ended)) break;
          kills++;
          expectDone(kms(args));
          expectAdded();
          expect(namesIn('INBOX')).not.toContain('index.fld');
          rmSync(server.storeDir, { recursive: true });
          expectDone(runTool('cp', ['-a', damaged, server.storeDir]));
        }
      }
      expect(kills).toBeGreaterThan(8);
    },
    120_000,
  );
});

describe('a store', () => {
  it('that is a link, with mail that is one too, is recovered where it lies', () => {
    const [real, realMail] = [join(dir, 'server', 'real store'), join(dir, 'server', 'real mail')];
    renameSync(server.storeDir, real);
    symlinkSync(real, server.storeDir);
    renameSync(join(real, 'mail'), realMail);
    symlinkSync(realMail, join(real, 'mail'));
    expectDone(recover());
    expect(
      compareTrees(join(before, 'mail'), realMail, {
        directoryTimes: false,
        ignore: (path) => path.endsWith('search.fld'),
      }),
    ).toEqual([]);
    expect(listTree(join(dir, 'server')).filter((path) => path.includes('.kms-backup-recover/'))).toEqual([]);
    expect(readdirSync(server.serverDir)).toContain('store');
    expect(asWas('lists')).toEqual([]);
  });

  it('that cannot be written is an error that says so, and stays as it was', (context) => {
    mkdirSync(join(dir, 'elsewhere'));
    const script = [
      `mount --bind '${server.storeDir}' '${server.storeDir}' && mount -o remount,ro,bind '${server.storeDir}' || exit 77`,
      `'${process.execPath}' '${BINARY}' recover '${source.backupDir}' --server-dir '${server.serverDir}' --yes`,
    ];
    const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], { env: QUIET_ENVIRONMENT });
    if (ended.status === 77 || /unshare/.test(ended.stderr)) context.skip('needs mount');
    expect(said(ended)).toMatch(/^1 .*(EROFS|cannot be written)/s);
    expect(untouchedBut()).toEqual([]);
  });

  it('that is a mount point is recovered in its place', (context) => {
    const mail = join(server.storeDir, 'mail');
    const script = [
      `mount -t tmpfs -o size=20m tmpfs '${mail}' || exit 77`,
      `mkdir '${mail}/old.example' && echo old > '${mail}/old.example/x'`,
      `'${process.execPath}' '${BINARY}' recover '${source.backupDir}' --server-dir '${server.serverDir}' --yes || exit 1`,
      `ls -A '${mail}'`,
      `diff -r --exclude=search.fld '${before}/mail' '${mail}'`,
    ];
    const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], { env: QUIET_ENVIRONMENT });
    if (ended.status === 77 || /unshare/.test(ended.stderr)) context.skip('needs mount');
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
    const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], { env: QUIET_ENVIRONMENT });
    if (ended.status === 77 || /unshare/.test(ended.stderr)) context.skip('needs mount');
    expect(said(ended)).toMatch(/^0 [\s\S]*first 14\nold\.example\ny\n[\s\S]*second 0\n$/);
  });
});

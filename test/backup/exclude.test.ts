import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  faultOfExclude,
  LeftOutPaths,
} from '../../src/store/left-out-paths.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import {
  buildTree,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';

/** `[backup] exclude`: folders and users that are left out on purpose. */

const MAIL = '@backup/store/mail/example.com';

describe('a pattern', () => {
  test.each([
    ['mail/example.com/alice', `${MAIL}/alice/INBOX/#msgs/1.eml`],
    ['mail/example.com/alice/', `${MAIL}/alice/`],
    ['mail/example.com/alice/**', `${MAIL}/alice/`],
    ['mail/*/*/Junk', `${MAIL}/alice/Junk/#msgs/1.eml`],
    [
      'mail/example.com/alice/Entwürfe',
      `${MAIL}/alice/Entw&APw-rfe/#msgs/1.eml`,
    ],
    [
      'mail/example.com/#public/Old projects',
      `${MAIL}/#public/Old projects/2003/#msgs/0000000a.eml`,
    ],
    [
      'mail/#public/*',
      '@backup/store/mail/#public/Announcements/#msgs/0000000a.eml',
    ],
    [
      '@backup/store/mail/example.com/alice/INBOX/Lists',
      `${MAIL}/alice/INBOX/Lists/linux-kernel/#msgs/0000000a.eml`,
    ],
    [
      'mail/example.com/*/INBOX/200?',
      `${MAIL}/alice/INBOX/2003/Q1/#msgs/0000000a.eml`,
    ],
    [
      'mail/**/Newsletters',
      `${MAIL}/alice/INBOX/Private/Newsletters/#msgs/0000000a.eml`,
    ],
    [
      'lists/example.com/announce',
      '@backup/store/lists/example.com/announce/archive/0000000a.eml',
    ],
  ])('%s leaves out %s', (pattern, name) => {
    expect(new LeftOutPaths([pattern]).covers(name)).toBe(true);
  });

  test.each([
    ['mail/example.com/alice', `${MAIL}/alice2/INBOX/#msgs/1.eml`],
    ['mail/*/*/Junk', `${MAIL}/alice/INBOX/Junk/#msgs/1.eml`],
    // It names a file, and only directories are left out.
    ['mail/**.eml', `${MAIL}/alice/INBOX/#msgs/1.eml`],
    [
      'mail/example.com/alice/INBOX/Lists',
      `${MAIL}/alice/INBOX/Lists-of-mine/#msgs/0000000a.eml`,
    ],
    [
      'mail/example.com/*/INBOX/200?',
      `${MAIL}/alice/INBOX/2003-2004/#msgs/0000000a.eml`,
    ],
    ['example.com/alice/INBOX', `${MAIL}/alice/INBOX/#msgs/0000000a.eml`],
  ])('%s does not leave out %s', (pattern, name) => {
    expect(new LeftOutPaths([pattern]).covers(name)).toBe(false);
  });

  test.each([
    '**',
    '@backup/**',
    'mail',
    'mail/',
    'mail/*',
    'mail/**',
    'm*',
    '*.cfg',
    '@backup/sslcert',
  ])('%s would leave out what no backup may lack', (pattern) => {
    expect(faultOfExclude(pattern)).toMatch(/^would leave out/);
  });

  test('of many wildcards takes no time, whoever wrote it', () => {
    const paths = new LeftOutPaths(['*a'.repeat(60)]);

    expect(paths.covers(`${'a'.repeat(200)}b/${'a'.repeat(200)}b/`)).toBe(
      false,
    );
  });
});

const folder = (count: number): Tree => ({
  'status.fld': 'status',
  'index.fld': 'index',
  '#msgs': Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `0000000${at.toString(16)}.eml`,
      `Subject: ${String(count)}/${String(at)}\r\n\r\ntext\r\n`,
    ]),
  ),
});

describe('[backup] exclude', () => {
  let dir = '';
  let server: Installation;

  beforeEach(() => {
    dir = temporaryDirectory('exclude');
    server = buildInstallation(join(dir, 'server'), {
      store: {
        mail: {
          'example.com': {
            alice: { INBOX: folder(9), Junk: folder(8) },
            bob: { INBOX: folder(12) },
          },
        },
      },
    });
  });

  afterEach(() => {
    removeTemporary(dir);
  });

  const set = (exclude: string): void => {
    const path = join(server.serverDir, 'kms-backup.ini');
    writeFileSync(path, exclude === '' ? '' : `[backup]\n${exclude}\n`);
  };

  const run = (...args: string[]): ReturnType<typeof kmsInProcess> =>
    kmsInProcess([...args, '--server-dir', server.serverDir]);

  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { json: document } = await kmsJsonInProcess([
      ...args,
      '--server-dir',
      server.serverDir,
    ]);

    return document;
  };

  const mailOf = (path: string): string[] => {
    const place = join(server.storeDir, 'mail/example.com', path, '#msgs');

    return existsSync(place) ? readdirSync(place).sort() : [];
  };

  const EXCLUDE =
    'exclude = mail/*/*/Junk, mail/example.com/bob, mail/example.com/carol';

  test('is said in report, JSON, status, page and doctor', async () => {
    set(EXCLUDE);
    const ended = await run('backup', 'full');

    expect(ended.status).toBe(0);
    expect(ended.stdout).toContain(
      'Left out on purpose: 1 user, 1 folder (20 messages)',
    );
    expect(ended.stdout).toContain(`  user       ${MAIL}/bob/`);
    expect(ended.stdout).toContain(
      '[backup] exclude = mail/example.com/carol of kms-backup.ini matches nothing',
    );

    expect(await json('backup', 'full', '--dry-run')).toMatchObject({
      exitCode: 0,
      messages: { total: 9 },
      excluded: { users: 1, folders: 1, messages: 20 },
      unusedPatterns: { accept: [], exclude: ['mail/example.com/carol'] },
    });
    expect(await json('status')).toMatchObject({
      excluded: { users: 1, folders: 1, domains: 0, messages: 20 },
    });

    const status = await run('status');
    expect(status.stdout).toMatch(/Left out +on purpose: 1 user, 1 folder/);

    const page = join(dir, 'page.html');
    await run('status', '--html', page);
    expect(readFileSync(page, 'utf8')).toContain('Left out on purpose: 1 user');
    const doctor = await run('doctor');
    expect(doctor.stdout).toContain('exclude = mail/example.com/carol');
  });

  test('is no loss of mail, and what the full has of it is not called deleted', async () => {
    await run('backup', 'full');
    set(EXCLUDE);
    const diff = await json('backup', 'diff');

    expect(diff).toMatchObject({
      exitCode: 0,
      isMassLoss: false,
      messages: { total: 9, deleted: 0, unchanged: 9 },
    });
    const full = await json('backup', 'full');
    expect(full).toMatchObject({ exitCode: 0, isMassLoss: false });

    // Mail that is really gone is one, whatever is left out beside it.
    rmSync(join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs'), {
      recursive: true,
    });
    writeFileSync(
      join(server.storeDir, 'mail/example.com/alice/late.eml'),
      'Subject: late\r\n\r\n',
    );
    expect(await json('backup', 'diff')).toMatchObject({ isMassLoss: true });
  });

  test('a recover of everything leaves alone what the archive leaves out', async () => {
    set(EXCLUDE);
    await run('backup', 'full');
    rmSync(
      join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs/00000003.eml'),
    );

    const shown = await json('recover', server.backupDir, '--dry-run');
    expect(shown).toMatchObject({ loses: { messages: 0 } });
    const ended = await run('recover', server.backupDir, '--yes');

    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stderr + ended.stdout).toContain('leaves out on purpose');
    expect(mailOf('alice/INBOX')).toHaveLength(9);
    expect(mailOf('alice/Junk')).toHaveLength(8);
    expect(mailOf('bob/INBOX')).toHaveLength(12);
  });

  test('a recover of a lost store brings what the full of a differential had', async () => {
    await run('backup', 'full');
    set(EXCLUDE);
    await run('backup', 'diff');
    rmSync(join(server.storeDir, 'mail'), { recursive: true });

    const ended = await run('recover', server.backupDir, '--yes');

    expect(ended.status, ended.stderr).toBe(0);
    expect(mailOf('bob/INBOX')).toHaveLength(12);
  });

  test('who asks for such a user gets what the archive has', async () => {
    await run('backup', 'full');
    set(EXCLUDE);
    await run('backup', 'diff');
    buildTree(join(server.storeDir, 'mail/example.com/bob/INBOX'), {
      '#msgs': { 'later.eml': 'Subject: later\r\n\r\n' },
    });

    const shown = await json(
      'recover',
      server.backupDir,
      '-u',
      'bob@example.com',
      '--dry-run',
    );
    expect(shown).toMatchObject({ loses: { messages: 1 } });
  });

  test('diff and drill say nothing of it that is not so', async () => {
    set(EXCLUDE);
    await run('backup', 'full');

    const diff = await json('diff', server.backupDir);
    expect(diff).toMatchObject({ exitCode: 0 });
    expect(JSON.stringify(diff)).not.toContain('/bob/');
    expect(JSON.stringify(diff['warnings'])).toContain('not compared');

    const drill = await run('drill', '--full');
    expect(drill.status, drill.stderr).toBe(0);
  });

  test.each(['exclude = mail/**', 'exclude = mail/example.com'])(
    'refuses %s, which leaves out all mail',
    async (exclude) => {
      set(exclude);
      const ended = await run('backup', 'full');

      expect(ended.status).toBe(2);
      expect(ended.stderr).toContain('all mail');
      expect(readdirSync(server.backupDir).filter(isZip)).toEqual([]);
    },
  );
});

const isZip = (name: string): boolean => name.endsWith('.zip');

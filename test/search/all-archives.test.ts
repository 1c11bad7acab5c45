import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { writeKerioArchive } from '../helpers/kerio-archive.js';
import { backUpAt } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

interface Hit {
  readonly name: string;
  readonly lastSeen: string;
  readonly goneSince: string | null;
  readonly isGoneKnown: boolean;
  readonly isLive: boolean | null;
  readonly archive: string;
  readonly recover: string;
}

const INBOX = 'mail/example.com/alice/INBOX/#msgs';
const TRASH = 'mail/example.com/alice/Deleted Items/#msgs';

let dir = '';
let server: Installation;

const put = (path: string, text: string): void => {
  const target = join(server.storeDir, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
};

const remove = (path: string): void => {
  rmSync(join(server.storeDir, path));
};

const move = (from: string, to: string): void => {
  const target = join(server.storeDir, to);
  mkdirSync(dirname(target), { recursive: true });
  renameSync(join(server.storeDir, from), target);
};

const mail = (id: string, subject: string): string =>
  `From: weber@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${id}@example.com>\r\n\r\nwords of ${id}\r\n`;

const night = (day: number): string => `2026-03-0${String(day)}T01:00:00Z`;
const backUp = (
  type: 'full' | 'differential' | 'copy',
  day: number,
  options: Parameters<typeof backUpAt>[3] = {},
) => backUpAt(server, type, night(day), { rotates: false, ...options });

const search = async (
  ...flags: string[]
): Promise<{
  status: number | null;
  hits: Hit[];
  searched: number;
  warnings: string[];
}> => {
  const { status, json } = await kmsJsonInProcess([
    'search',
    server.backupDir,
    '--server-dir',
    server.serverDir,
    ...flags,
  ]);

  return {
    status,
    hits: json['messages'] as Hit[],
    searched: json['searched'] as number,
    warnings: json['warnings'] as string[],
  };
};

const archiveOf = (letter: string, day: number): string =>
  `${letter}2026030${String(day)}T010000Z.zip`;

beforeEach(() => {
  dir = temporaryDirectory('all-archives');
  server = buildInstallation(join(dir, 'server'), { store: {} });
  put(`${INBOX}/00000001.eml`, mail('one', 'Lost figures'));
  put(`${INBOX}/00000002.eml`, mail('two', 'Kept figures'));
});
afterEach(() => {
  removeTemporary(dir);
});

describe('a search through all archives', () => {
  it('finds what only an older archive holds, and says when it was there', async () => {
    await backUp('full', 1);
    await backUp('differential', 2);
    remove(`${INBOX}/00000001.eml`);
    await backUp('differential', 3);
    await backUp('full', 4);

    for (const flags of [['--subject', 'lost'], ['--deleted'], ['--deleted']]) {
      expect(await search(...flags)).toMatchObject({
        status: 0,
        searched: 2,
        hits: [
          {
            name: 'example.com/alice/INBOX/00000001',
            lastSeen: '2026-03-02T01:00:00.000Z',
            goneSince: '2026-03-03T01:00:00.000Z',
            isGoneKnown: true,
            isLive: false,
            archive: archiveOf('I', 2),
          },
        ],
      });
    }

    expect(await search('--subject', 'kept')).toMatchObject({
      hits: [
        {
          lastSeen: '2026-03-04T01:00:00.000Z',
          goneSince: null,
          isGoneKnown: true,
          isLive: true,
          archive: archiveOf('F', 4),
        },
      ],
    });
    expect(await search('--subject', 'lost', '--newest')).toMatchObject({
      status: 10,
      hits: [],
      searched: 1,
    });
  });

  it('prints a line that brings it back', async () => {
    await backUp('full', 1);
    remove(`${INBOX}/00000001.eml`);
    await backUp('differential', 2);
    const { stdout } = await kmsInProcess([
      'search',
      server.backupDir,
      '--subject',
      'lost',
      '--server-dir',
      server.serverDir,
    ]);
    const [line = ''] = stdout
      .split('\n')
      .filter((text) => text.startsWith('  kms-backup recover '));
    const command = line.replace(
      'kms-backup',
      `'${process.execPath}' '${BINARY}'`,
    );
    expectDone(
      runTool('sh', ['-c', `${command} --yes`], { env: QUIET_ENVIRONMENT }),
    );
    expect(
      readFileSync(join(server.storeDir, INBOX, '00000001.eml'), 'utf8'),
    ).toBe(mail('one', 'Lost figures'));
  });

  it('fits into 80 columns, and names when a message was seen and since when it is gone', async () => {
    await backUp('full', 1);
    remove(`${INBOX}/00000001.eml`);
    await backUp('differential', 2);
    const { stdout } = await kmsInProcess([
      'search',
      server.backupDir,
      '--subject',
      'lost',
      '--server-dir',
      server.serverDir,
    ]);
    const [head = '', titles = '', first = '', second = ''] =
      stdout.split('\n');
    expect(head).toMatch(/^DATE +FROM +SUBJECT$/);
    expect(titles).toBe('  LAST SEEN         GONE SINCE        LIVE  MESSAGE');
    expect(first).toContain('weber@example.com  Lost figures');
    expect(second).toMatch(
      /^ {2}2026-03-01 .{5} {2}2026-03-02 .{5} {2}no {4}example\.com\/alice\/INBOX\/00000001$/,
    );
    expect(second.length).toBeLessThanOrEqual(80);
  });

  it('shows a message that was moved in its mailbox once, where it was last', async () => {
    await backUp('full', 1);
    move(`${INBOX}/00000001.eml`, `${TRASH}/00000009.eml`);
    await backUp('differential', 2);
    remove(`${TRASH}/00000009.eml`);
    put(
      'mail/example.com/bob/INBOX/#msgs/00000001.eml',
      mail('one', 'Lost figures'),
    );
    await backUp('full', 3);

    expect(await search('--subject', 'lost')).toMatchObject({
      hits: [
        {
          name: 'example.com/alice/Deleted Items/00000009',
          lastSeen: '2026-03-02T01:00:00.000Z',
          goneSince: '2026-03-03T01:00:00.000Z',
          isLive: false,
          archive: archiveOf('I', 2),
        },
        {
          name: 'example.com/bob/INBOX/00000001',
          goneSince: null,
          isLive: true,
        },
      ],
    });
  });

  it('looks in folders and mailboxes that only an older archive has', async () => {
    put('mail/example.com/carol/Old/#msgs/00000001.eml', mail('c', 'By Carol'));
    await backUp('full', 1);
    rmSync(join(server.storeDir, 'mail/example.com/carol'), {
      recursive: true,
    });
    await backUp('full', 2);

    for (let time = 0; time < 2; time++) {
      expect(await search('-u', 'carol', '-f', 'old')).toMatchObject({
        status: 0,
        searched: 1,
        hits: [{ name: 'example.com/carol/Old/00000001', isLive: false }],
      });
    }

    expect((await search('-u', 'alice')).hits).toHaveLength(2);
    expect((await search('--from', 'weber')).hits).toHaveLength(3);
  });

  it('looks past archives that hold no mail or are damaged, and says so of these', async () => {
    await backUp('full', 1);
    remove(`${INBOX}/00000001.eml`);
    await backUp('full', 2);
    await backUp('full', 3, { mask: new Set(['lists', 'cfg']) });
    expect(await search('--subject', 'lost')).toMatchObject({
      status: 0,
      hits: [{ goneSince: '2026-03-02T01:00:00.000Z' }],
      warnings: [],
    });

    const newest = join(server.backupDir, archiveOf('F', 2));
    writeFileSync(newest, readFileSync(newest).subarray(0, 900));
    for (let time = 0; time < 2; time++) {
      expect(await search('--subject', 'lost')).toMatchObject({
        status: 3,
        hits: [{ lastSeen: '2026-03-01T01:00:00.000Z', goneSince: null }],
        warnings: [expect.stringContaining(archiveOf('F', 2))],
      });
    }
  });

  it('reads a message that is damaged in one archive from another', async () => {
    await backUp('full', 1);
    await backUp('full', 2);
    const newest = join(server.backupDir, archiveOf('F', 2));
    const bytes = readFileSync(newest);
    const at = bytes.indexOf(`${INBOX}/00000001.eml`) + 60;
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(newest, bytes);

    for (const flags of [
      ['--subject', 'lost'],
      ['--text', 'words of one'],
    ]) {
      expect(await search(...flags)).toMatchObject({
        status: 0,
        hits: [
          {
            lastSeen: '2026-03-02T01:00:00.000Z',
            archive: archiveOf('F', 1),
          },
        ],
      });
    }

    rmSync(join(server.backupDir, archiveOf('F', 1)));
    for (let time = 0; time < 2; time++) {
      expect(await search('--subject', 'lost')).toMatchObject({
        status: 3,
        hits: [],
      });
    }
  });

  it('does not know since when mail is gone where the server wrote the differentials', async () => {
    const at = (day: number): Date => new Date(night(day));
    writeKerioArchive(server.backupDir, server, {
      letter: 'F',
      startedAt: at(1),
    });
    remove(`${INBOX}/00000001.eml`);
    writeKerioArchive(server.backupDir, server, {
      letter: 'D',
      startedAt: at(2),
      changedSince: new Date(),
    });
    const found = await search('--subject', 'lost');
    expect(found).toMatchObject({
      status: 0,
      hits: [
        {
          lastSeen: '2026-03-01T01:00:00.000Z',
          goneSince: null,
          isGoneKnown: false,
          isLive: false,
          archive: archiveOf('F', 1),
        },
      ],
    });
    expect(readdirSync(server.backupDir)).toContain('.kms-backup-headers');
  });
});

import { mkdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Chain, readPoint } from '../../src/archive/chain.js';
import {
  type ChainIndex,
  readChainIndex,
} from '../../src/archive/chain-index.js';
import {
  type FolderRun,
  formatFolders,
  parseFolders,
} from '../../src/archive/folder-index.js';
import { localStorage } from '../../src/archive/local-storage.js';
import { locateArchives } from '../../src/archive/storages.js';
import {
  formatSummaryText,
  formatVersionText,
} from '../../src/archive/summary.js';
import { type ReadArchive, verifyArchive } from '../../src/archive/verify.js';
import { ArchiveWriter } from '../../src/archive/write/archive-writer.js';
import { findScope } from '../../src/recover/find-scope.js';
import { withNarrowChain } from '../../src/recover/narrow-chain.js';
import { selectFrom } from '../../src/recover/select-entries.js';
import type { TypedScope } from '../../src/store/mail-scope.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { archiveFilesAt } from '../helpers/storages.js';
import {
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';

/** One folder is read by the index of folders, and what the index says is never believed. */

const root = temporaryDirectory('folders');
afterAll(() => {
  removeTemporary(root);
});

interface Read {
  readonly way: 'narrow' | 'whole';
  readonly names: readonly string[];
}

function namesIn(index: ChainIndex, typed: TypedScope): string[] {
  const scope = findScope(index, typed);
  const { selections } = selectFrom(index, { kind: 'scope', scope }, true);

  return selections
    .flatMap(({ table, indices }) =>
      [...indices].map(
        (at) => `${table.name(at)} ${String(table.extentEnd(at))}`,
      ),
    )
    .sort();
}

function namesOf({ archive }: ReadArchive): string[] {
  return archive.volumes.flatMap(({ table }) =>
    Array.from({ length: table.count }, (_, at) => table.name(at)),
  );
}

function readFolder(path: string, typed: TypedScope): Promise<Read> {
  return readPoint(locateArchives(path), (chain) => readIn(chain, typed));
}

function readIn(chain: Chain, typed: TypedScope): Promise<Read> {
  return withNarrowChain<Read>(chain, typed, {
    narrow: (index) => ({ way: 'narrow', names: namesIn(index, typed) }),
    whole: async () => ({
      way: 'whole',
      names: await wholeNames(chain, typed),
    }),
  });
}

const wholeNames = async (chain: Chain, typed: TypedScope): Promise<string[]> =>
  namesIn(await readChainIndex(chain), typed);

const inFolder = (user: string, folder?: string): TypedScope => ({
  user,
  folder,
  withSubfolders: true,
});

describe('one folder of a chain', () => {
  let server: Installation;
  const folder = (count: number): Tree => ({
    '#msgs': Object.fromEntries(
      Array.from({ length: count }, (_, at) => [
        `0000000${String(at + 1)}.eml`,
        `Subject: ${String(at)}\r\n\r\n${'text '.repeat(40)}`,
      ]),
    ),
    'status.fld': 'x',
  });
  const mailbox = (): Tree => ({
    INBOX: { ...folder(5), Deep: folder(2) },
    Sent: folder(3),
    Empty: { '#msgs': {} },
  });

  const typed = [
    inFolder('alice', 'INBOX'),
    inFolder('alice', 'inbox/deep'),
    inFolder('bob', 'Sent'),
    inFolder('carol'),
    { ...inFolder('bob', 'INBOX'), withSubfolders: false },
    { withSubfolders: true, messages: ['example.com/bob/INBOX/00000002'] },
  ];

  const expectSame = async (): Promise<void> => {
    for (const one of typed) {
      const { way, names } = await readFolder(server.backupDir, one);
      const whole = await readPoint(locateArchives(server.backupDir), (chain) =>
        wholeNames(chain, one),
      );
      expect(names).toEqual(whole);
      expect(names.length).toBeGreaterThan(0);
      expect(way, JSON.stringify(one)).toBe('narrow');
    }
  };

  beforeAll(async () => {
    server = buildInstallation(join(root, 'server'), {
      store: {
        mail: {
          'example.com': { alice: mailbox(), bob: mailbox(), carol: mailbox() },
        },
      },
    });
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', {
      volumeLimitBytes: 9000,
    });
  });

  it('is the same as by reading all of a full in several volumes', async () => {
    await expectSame();
  });

  it('is the same where a differential hides some of it', async () => {
    const mail = join(server.storeDir, 'mail/example.com');
    unlinkSync(join(mail, 'alice/INBOX/#msgs/00000002.eml'));
    writeFileSync(join(mail, 'bob/Sent/#msgs/00000003.eml'), 'another');
    rmSync(join(mail, 'carol/Sent'), { recursive: true });
    await backUpAt(server, 'differential', '2026-01-02T01:00:00Z', {
      volumeLimitBytes: 9000,
    });
    await expectSame();
  });

  it('is read without the entries of all other mailboxes', async () => {
    const names = await readPoint(locateArchives(server.backupDir), (chain) =>
      withNarrowChain(chain, inFolder('alice', 'INBOX'), {
        narrow: (index) => index.archives.flatMap(namesOf),
        whole: () => Promise.reject(new Error('not narrow')),
      }),
    );

    const mail = names.filter((name) => name.includes('/mail/'));
    const alice = '@backup/store/mail/example.com/alice/';
    expect(mail.filter((name) => !name.startsWith(alice))).toEqual([]);
    expect(mail).toContain(`${alice}INBOX/`);
  });

  it('that was deleted is not found', async () => {
    await expect(
      readFolder(server.backupDir, inFolder('carol', 'Sent')),
    ).rejects.toThrow(/no folder Sent/);
  });
});

describe('an index of folders', () => {
  const name = (user: string, folder: string, at: number): string =>
    `@backup/store/mail/example.com/${user}/${folder}/#msgs/0000000${String(at)}.eml`;
  const NAMES = ['alice', 'bob'].flatMap((user) =>
    ['INBOX', 'Sent', 'Work'].flatMap((folder) =>
      [1, 2, 3].map((at) => name(user, folder, at)),
    ),
  );
  let count = 0;

  /** An archive whose index was changed. */
  async function write(
    change: (runs: FolderRun[]) => string | undefined,
    names: readonly string[] = NAMES,
  ): Promise<string> {
    const directory = join(root, String(count++));
    mkdirSync(directory);
    const writer = new ArchiveWriter(
      localStorage(directory),
      'F20260101T010000Z',
      1e9,
    );
    const startedAt = new Date('2026-01-01T01:00:00Z');
    const facts = { mtimeTicks: 17_000_000_000_000_000n, mode: 0o100600 };
    const add = (entry: string, text: string): void => {
      writer.addSmall({ name: entry, bytes: Buffer.from(text), ...facts });
    };

    add('.version.txt', formatVersionText({ startedAt, hostname: 'a' }));
    for (const entry of names) add(entry, 'text');

    add(
      '.summary.txt',
      formatSummaryText({
        startedAt,
        finishedAt: startedAt,
        fileCount: names.length,
        totalBytes: names.length * 4,
        messages: names.length,
        volumes: 1,
        volumeDigests: [],
        mailboxes: new Map([
          ['example.com/alice', 9],
          ['example.com/bob', 9],
        ]),
        folders: change(writer.current.folders ?? []),
      }),
    );
    await writer.finish();
    await writer.publish(undefined);

    return directory;
  }

  const verifyAt = async (directory: string) =>
    verifyArchive(
      await archiveFilesAt(join(directory, 'F20260101T010000Z.zip')),
      { isQuick: true },
    );

  const expectAll = async (directory: string): Promise<Read['way'][]> => {
    const ways: Read['way'][] = [];

    for (const user of ['alice', 'bob']) {
      for (const folder of ['INBOX', 'Sent', 'Work']) {
        const read = await readFolder(directory, inFolder(user, folder));
        expect(read.names).toHaveLength(3);
        ways.push(read.way);
      }
    }

    return ways;
  };

  it('that is true is used', async () => {
    const directory = await write((runs) => formatFolders([runs]));
    expect(new Set(await expectAll(directory))).toEqual(new Set(['narrow']));
    expect((await verifyAt(directory)).isSound).toBe(true);
  });

  it('need not be there', async () => {
    const directory = await write(() => undefined);
    expect(new Set(await expectAll(directory))).toEqual(new Set(['whole']));
    expect((await verifyAt(directory)).isSound).toBe(true);
  });

  const change = (
    at: number,
    how: (run: FolderRun) => Partial<FolderRun>,
  ): ((runs: FolderRun[]) => string | undefined) => {
    return (runs) =>
      formatFolders([
        runs.map((run, own) => (own === at ? { ...run, ...how(run) } : run)),
      ]);
  };

  it.each<[string, (runs: FolderRun[]) => string | undefined]>([
    ['names another folder', change(2, () => ({ prefix: 'a/' }))],
    [
      'names a folder of another user',
      change(2, ({ prefix }) => ({ prefix: prefix.replace('alice', 'bob') })),
    ],
    ['counts too few', change(2, ({ entries }) => ({ entries: entries - 1 }))],
    ['ends between records', change(2, ({ bytes }) => ({ bytes: bytes - 3 }))],
    ['lacks a run', (runs) => formatFolders([runs.slice(0, -1)])],
    ['knows more volumes', (runs) => formatFolders([runs, runs])],
    ['is junk', () => 'A'.repeat(100)],
    ['is cut off', (runs) => formatFolders([runs])?.slice(0, 40)],
    [
      'gives some records of a folder to the next one',
      (runs) => {
        const [a, b, ...rest] = runs.slice(1);
        if (!a || !b) throw new Error('too few');
        const moved = a.bytes / a.entries;

        return formatFolders([
          [
            ...runs.slice(0, 1),
            { ...a, entries: 2, bytes: a.bytes - moved },
            { ...b, entries: 4, bytes: b.bytes + moved },
            ...rest,
          ],
        ]);
      },
    ],
  ])('that %s hides nothing, and verify tells', async (_, lie) => {
    const directory = await write(lie);
    await expectAll(directory);

    const { isSound, problems } = await verifyAt(directory);
    expect(isSound).toBe(false);
    expect(problems).toMatchObject([{ name: '.summary.txt' }]);
  });

  it('may have a folder in two places', async () => {
    const names = NAMES.filter((own) => own !== name('alice', 'INBOX', 2));
    const directory = await write(
      (runs) => formatFolders([runs]),
      [...names, name('alice', 'INBOX', 2)],
    );
    expect(new Set(await expectAll(directory))).toEqual(new Set(['narrow']));
  });

  it('keeps what it was made of', () => {
    const runs: FolderRun[] = [
      { prefix: '', areDirectories: false, entries: 1, bytes: 127 },
      { prefix: 'ä/b/', areDirectories: false, entries: 128, bytes: 70_000 },
      { prefix: 'ö/', areDirectories: true, entries: 65_534, bytes: 128 << 20 },
    ];
    expect(parseFolders(formatFolders([runs, [], runs]) ?? '')).toEqual([
      runs,
      [],
      runs,
    ]);
  });
});

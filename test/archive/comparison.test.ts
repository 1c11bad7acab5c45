import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readPoint } from '../../src/archive/chain.js';
import { readChainIndex } from '../../src/archive/chain-index.js';
import type { ComparableDirectory } from '../../src/archive/comparable-files.js';
import { compareTrees } from '../../src/archive/compare-trees.js';
import { liveTree } from '../../src/archive/live-files.js';
import { locateArchives } from '../../src/archive/storages.js';
import { PointFiles } from '../../src/archive/point-files.js';
import { walkLive } from '../../src/store/walk-live.js';
import {
  buildInstallation,
  type Installation,
  message,
  smallStore,
} from '../helpers/installation.js';
import { writeKerioArchive } from '../helpers/kerio-archive.js';
import { backUpAt } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

const MAIL = '@backup/store/mail';
const INBOX = 'example.com/alice/INBOX';

let dir = '';
let server: Installation;
beforeEach(() => {
  dir = temporaryDirectory('comparison');
  server = buildInstallation(join(dir, 'server'), { store: smallStore() });
});
afterEach(() => {
  removeTemporary(dir);
});

const at = (name: string): string => join(server.storeDir, 'mail', name);

async function pointOf(archive: string): Promise<PointFiles> {
  const from = locateArchives(join(server.backupDir, archive));

  return readPoint(
    from,
    async (chain) => new PointFiles(await readChainIndex(chain)),
  );
}

function live(): AsyncIterable<ComparableDirectory> {
  const roots = [
    { path: join(server.storeDir, 'mail'), entryName: MAIL },
    { path: join(server.serverDir, 'users.cfg'), entryName: 'users.cfg' },
    {
      path: join(server.serverDir, 'mailserver.cfg'),
      entryName: 'mailserver.cfg',
    },
  ];

  return liveTree(walkLive(roots));
}

async function differences(
  before: PointFiles,
  after: AsyncIterable<ComparableDirectory> | Iterable<ComparableDirectory>,
): Promise<string[]> {
  const lines: string[] = [];
  for await (const compared of compareTrees(before, after)) {
    for (const { change, name } of compared.differences()) {
      const entryName = compared.after.prefix + name;
      lines.push(`${change} ${entryName.replace(`${MAIL}/`, '')}`);
    }
  }

  return lines.sort();
}

function* treeOf(point: PointFiles): Generator<ComparableDirectory> {
  for (const prefix of point.prefixes) {
    yield { files: point.filesOf(prefix), skipped: [] };
  }
}

/** Backs up; returns the archive's name. */
async function night(
  type: 'full' | 'differential',
  day: number,
  usesChecksum = false,
): Promise<string> {
  const { report } = await backUpAt(
    server,
    type,
    `2026-01-0${String(day)}T01:00:00Z`,
    { rotates: false, usesChecksum, isNewTarget: true },
  );

  return report.archive;
}

it('a point and the store that it was taken of are the same', async () => {
  const full = await night('full', 1);

  expect(await differences(await pointOf(full), live())).toEqual([]);
});

it('a differential is its point: what it replaces and deletes is not that of the full', async () => {
  const full = await night('full', 1);
  writeFileSync(at(`${INBOX}/#msgs/00000001.eml`), message('one, edited'));
  writeFileSync(at(`${INBOX}/#msgs/00000003.eml`), message('three'));
  rmSync(at(`${INBOX}/#msgs/00000002.eml`));
  const differential = await night('differential', 2);

  const [before, after] = [await pointOf(full), await pointOf(differential)];
  const changes = [
    `changed ${INBOX}/#msgs/00000001.eml`,
    `gone ${INBOX}/#msgs/00000002.eml`,
    `new ${INBOX}/#msgs/00000003.eml`,
  ];

  expect(await differences(after, live())).toEqual([]);
  expect(await differences(before, treeOf(after))).toEqual(changes);
  expect(await differences(before, live())).toEqual(changes);
});

it('a file in pieces is one file, with the checksum of the whole', async () => {
  const large = `${INBOX}/#msgs/0000000f.eml`;
  writeFileSync(at(large), Buffer.alloc(300_000, 'mail is long '));
  utimesSync(at(large), 1, 1);
  const { report } = await backUpAt(server, 'full', '2026-01-01T01:00:00Z', {
    volumeLimitBytes: 100_000,
    oversize: 'split',
    level: 0,
  });

  expect(report.volumes.length).toBeGreaterThan(1);
  const point = await pointOf(report.archive);
  utimesSync(at(large), 2, 2);
  expect(await differences(point, live())).toEqual([]);

  const bytes = readFileSync(at(large));
  bytes[299_999] = 0;
  writeFileSync(at(large), bytes);
  utimesSync(at(large), 2, 2);
  expect(await differences(point, live())).toEqual([`changed ${large}`]);
});

it("an archive of the server's own, with times of two seconds, is the same as the store", async () => {
  const [path = ''] = writeKerioArchive(server.backupDir, server, {
    letter: 'F',
    startedAt: new Date('2026-01-01T01:00:00Z'),
  });

  expect(await differences(await pointOf(basename(path)), live())).toEqual([]);
});

it('links are not followed, and what they hide is not gone', async () => {
  const full = await night('full', 1);
  renameSync(at(INBOX), join(dir, 'elsewhere'));
  symlinkSync(join(dir, 'elsewhere'), at(INBOX));

  expect(await differences(await pointOf(full), live())).toEqual([]);
});

it('configuration that is gone is gone, one that changed has changed', async () => {
  const full = await night('full', 1);
  rmSync(join(server.serverDir, 'mailserver.cfg'));
  writeFileSync(join(server.serverDir, 'users.cfg'), '');

  expect(await differences(await pointOf(full), live())).toEqual([
    'changed users.cfg',
    'gone mailserver.cfg',
  ]);
});

/** A file of a generated mailbox: a folder, a name, a content, a time. */
const anyFile = fc.record({
  folder: fc.constantFrom('INBOX/#msgs', 'INBOX', 'Sent/#msgs', 'Sent/A/#msgs'),
  name: fc.constantFrom('00000001.eml', '0000000a.eml', 'Ümläut.eml', 'x.fld'),
  content: fc.constantFrom('', 'a', 'b', 'ab', 'ba'),
  seconds: fc.constantFrom(1, 2, 1_600_000_000),
});
/** Mailboxes: one backup of many of them takes little longer than one of one. */
const anyStore = fc.array(fc.array(anyFile, { maxLength: 8 }), {
  minLength: 10,
  maxLength: 20,
});

type Store = typeof anyStore extends fc.Arbitrary<infer T> ? T : never;

/** Makes the mailboxes; returns content and time of each file. */
function lay(store: Store): Map<string, string> {
  rmSync(at('example.org'), { recursive: true, force: true });
  const laid = new Map<string, string>();

  for (const [user, files] of store.entries()) {
    for (const { folder, name, content, seconds } of files) {
      const path = `example.org/user${String(user)}/${folder}/${name}`;
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), content);
      utimesSync(at(path), seconds, seconds);
      laid.set(path, `${content} ${String(seconds)}`);
    }
  }

  return laid;
}

/** What a look at the contents tells; two contents of one size and time are taken for the same. */
function expected(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  isEqual: (a: string, b: string) => boolean,
): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];

  return names
    .flatMap((name) => {
      const [a, b] = [before.get(name), after.get(name)];
      if (a === undefined) return [`new ${name}`];
      if (b === undefined) return [`gone ${name}`];

      return isEqual(a, b) ? [] : [`changed ${name}`];
    })
    .sort();
}

const contentOf = (file: string): string => file.split(' ')[0] ?? '';
const timeOf = (file: string): string => file.split(' ')[1] ?? '';
const isEqualContent = (a: string, b: string): boolean =>
  contentOf(a) === contentOf(b);
const isEqualToTheEye = (a: string, b: string): boolean =>
  isEqualContent(a, b) ||
  (contentOf(a).length === contentOf(b).length && timeOf(a) === timeOf(b));

it('any two states: what a comparison by content tells', async () => {
  await fc.assert(
    fc.asyncProperty(anyStore, anyStore, async (first, second) => {
      rmSync(server.backupDir, { recursive: true });
      mkdirSync(server.backupDir);

      const before = lay(first);
      const full = await pointOf(await night('full', 1));
      const after = lay(second);
      const differential = await pointOf(await night('differential', 2, true));

      expect(await differences(full, treeOf(differential))).toEqual(
        expected(before, after, isEqualContent),
      );

      expect(await differences(full, live())).toEqual(
        expected(before, after, isEqualToTheEye),
      );

      expect(await differences(differential, live())).toEqual([]);
    }),
    { numRuns: process.env['KMS_TEST_THOROUGH'] ? 100 : 3 },
  );
});

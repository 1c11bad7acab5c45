import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readArchiveFacts } from '../../src/archive/archive-facts.js';
import {
  type ArchiveFiles,
  findIndexFault,
  listArchiveFiles,
  openVolumeFile,
  openVolumeFileAtOnce,
  withoutIndex,
} from '../../src/archive/backup-directory.js';
import {
  formatIndexName,
  formatTemporaryIndexName,
  formatTemporaryName,
  parseVolumeName,
} from '../../src/archive/names.js';
import { digestArchive, openReadable } from '../../src/archive/open-archive.js';
import { foldersOf, openFolders } from '../../src/archive/open-folders.js';
import { verifyArchive } from '../../src/archive/verify.js';
import { makeIndex } from '../../src/archive/volume-index/index-file.js';
import { takeNotes } from '../../src/platform/run-notes.js';
import { buildInstallation } from '../helpers/installation.js';
import { MemoryStorage } from '../helpers/memory-storage.js';
import { backUpAt } from '../helpers/nights.js';
import { Random } from '../helpers/random.js';
import {
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import { hasTool, runTool } from '../helpers/tools.js';

/** An archive of more than 40 volumes in a storage that has its index beside it. */

const FULL = 'F20260101T010000Z';
const OTHER = 'F20260102T010000Z';
const INDEX = formatIndexName(FULL);
const random = new Random(40);

const root = temporaryDirectory('index');
const directory = join(root, 'backups');
const volumes = new Map<string, Buffer>();
let index: Buffer;

/** 45 folders of 20 messages that do not get smaller. */
function manyFolders(): Tree {
  const folders = Array.from({ length: 45 }, (_, folder) => {
    const messages = Array.from({ length: 20 }, (__, at) => [
      `${String(at + 1).padStart(8, '0')}.eml`,
      random.bytes(3000),
    ]);

    return [
      `folder ${String(folder)}`,
      { '#msgs': Object.fromEntries(messages) as Tree, 'status.fld': 'S\r\n' },
    ];
  });

  return {
    mail: {
      'example.com': { alice: Object.fromEntries(folders) as Tree },
    },
  };
}

/** The index of the volumes as the writing side makes it, before they have their names. */
async function indexOf(
  stem: string,
  files: ReadonlyMap<string, Buffer>,
): Promise<Buffer> {
  const workplace = new MemoryStorage();
  const sizes: { sizeBytes: number }[] = [];

  for (const [name, bytes] of files) {
    const number = parseVolumeName(name)?.volume ?? 0;
    sizes[number] = { sizeBytes: bytes.length };
    put(workplace, formatTemporaryName(stem, number), bytes);
  }

  await makeIndex(workplace, stem, sizes);

  return (
    workplace.files.get(formatTemporaryIndexName(stem))?.bytes ??
    Buffer.alloc(0)
  );
}

function put(storage: MemoryStorage, name: string, bytes: Buffer): void {
  storage.files.set(name, { bytes, mtimeMs: 0 });
}

beforeAll(async () => {
  const server = buildInstallation(join(root, 'server'), {
    store: manyFolders(),
    backupDir: directory,
    volumeSizeBytes: 65_536,
  });
  mkdirSync(directory);
  await backUpAt(server, 'full', '2026-01-01T01:00:00Z');

  for (const name of readdirSync(directory)) {
    const isVolume = parseVolumeName(name) !== undefined;
    if (isVolume) volumes.set(name, readFileSync(join(directory, name)));
  }

  index = await indexOf(FULL, volumes);
});

afterAll(() => {
  removeTemporary(root);
});

/** How often each file was read. */
const reads = new Map<string, number>();

beforeEach(() => {
  reads.clear();
  takeNotes();
});

async function archiveBeside(
  indexBytes: Buffer | undefined,
  changes: Readonly<Record<string, Buffer>> = {},
): Promise<ArchiveFiles> {
  const storage = new MemoryStorage(undefined, (call, name) => {
    if (call === 'read') reads.set(name, (reads.get(name) ?? 0) + 1);
  });

  for (const [name, bytes] of volumes) {
    put(storage, name, changes[name] ?? bytes);
  }

  if (indexBytes) put(storage, INDEX, indexBytes);

  const [files] = await listArchiveFiles(storage);
  if (!files) throw new Error('no archive');

  return files;
}

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;

  return changed;
}

/** A range anywhere, and as often one of the end, where the records lie. */
function anyRange(length: number): { offset: number; bytes: number } {
  const from = random.chance(0.5) ? 0 : Math.max(0, length - 8000);
  const offset = random.int(from, length - 1);
  const most = length - offset;

  return {
    offset,
    bytes: random.int(1, random.chance(0.2) ? most : 30) % (most + 1),
  };
}

describe('the index of an archive', () => {
  it('gives every range as the volume has it, whoever waits', async () => {
    const files = await archiveBeside(index);

    for (const file of files.volumes) {
      const whole = volumes.get(file.name) ?? Buffer.alloc(0);
      const source = await openVolumeFile(file);
      const atOnce = openVolumeFileAtOnce(file);
      expect(source.sizeBytes).toBe(whole.length);

      for (let round = 0; round < 20; round++) {
        const { offset, bytes } = anyRange(whole.length);
        const expected = whole.subarray(offset, offset + bytes);
        const into = Buffer.alloc(bytes);
        atOnce.readInto(into, offset);

        expect(into.equals(expected)).toBe(true);
        expect((await source.read(offset, bytes)).equals(expected)).toBe(true);
      }
    }

    expect(takeNotes()).toEqual([]);
  });

  it('answers all that is asked before mail is read', async () => {
    const files = await archiveBeside(index);
    expect(files.volumes.length).toBeGreaterThan(40);

    const facts = await readArchiveFacts(files);
    expect(facts.fault).toBeUndefined();
    expect(facts.summary?.messages).toBe(900);

    const wanted = '@backup/store/mail/example.com/alice/folder 7/#msgs/';
    const folders = foldersOf(facts)?.flat() ?? [];
    expect(folders.map(({ prefix }) => prefix)).toContain(wanted);

    const folder = await openFolders(facts, ({ prefix }) => prefix === wanted);
    const found = folder?.volumes.reduce(
      (sum, { table }) => sum + table.count,
      0,
    );
    expect(found).toBe(20);

    expect((await openReadable(facts)).lost).toEqual([]);
    expect([...reads.keys()]).toEqual([INDEX]);
  });

  it('says the digest of the archive, which differentials name', async () => {
    const digest = await digestArchive(await archiveBeside(undefined));
    const files = await archiveBeside(index);

    expect(digest).toBeDefined();
    expect(await digestArchive(files)).toBe(digest);
    expect([...reads.keys()]).toContain(INDEX);
  });

  it.skipIf(!hasTool('unzip'))('is a zip file', () => {
    const path = join(root, INDEX);
    writeFileSync(path, index);

    expect(runTool('unzip', ['-t', '-qq', path]).status).toBe(0);
  });

  it('is not used for volumes of another length', async () => {
    const [name = '', bytes = Buffer.alloc(0)] = [...volumes][3] ?? [];
    const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
    const files = await archiveBeside(index, { [name]: longer });

    const facts = await readArchiveFacts(files);

    expect(facts.damage.map(({ volume }) => volume)).toContain(name);
    expect(takeNotes().map(({ text }) => text)).toEqual([
      `${INDEX} is not used, the volumes are read instead: ${name} is not the volume that it was made of`,
    ]);
  });

  it('is not used for another archive', async () => {
    const renamed = new Map(
      [...volumes].map(([name, bytes]) => [name.replace(FULL, OTHER), bytes]),
    );
    const files = await archiveBeside(await indexOf(OTHER, renamed));

    expect((await readArchiveFacts(files)).fault).toBeUndefined();
    expect(takeNotes().map(({ text }) => text)).toEqual([
      `${INDEX} is not used, the volumes are read instead: ${INDEX} is the index of ${OTHER}`,
    ]);
  });

  it('changes nothing where it is damaged, wherever that is', async () => {
    const sound = await openReadable(
      await readArchiveFacts(await archiveBeside(undefined)),
    );
    let noted = 0;

    for (let round = 0; round < 24; round++) {
      const bytes =
        round % 3 === 0
          ? index.subarray(0, random.int(0, index.length - 1))
          : flipped(index, random.int(0, index.length - 1));

      const facts = await readArchiveFacts(await archiveBeside(bytes));
      const { digest, lost } = await openReadable(facts);

      expect(facts.fault).toBeUndefined();
      expect(lost).toEqual([]);
      expect(digest).toBe(sound.digest);
      noted += takeNotes().length;
    }

    expect(noted).toBeGreaterThan(15);
  });

  it('is found out where a volume has other bytes, and hides nothing', async () => {
    const name = `${FULL}.5.zip`;
    const bytes = volumes.get(name) ?? Buffer.alloc(0);
    // In the last record of its central directory.
    const changes = { [name]: flipped(bytes, bytes.length - 50) };
    const files = await archiveBeside(index, changes);

    expect(await findIndexFault(await archiveBeside(index))).toBeUndefined();
    expect(await findIndexFault(files)).toMatch(
      new RegExp(`^${INDEX} does not hold what ${name} has at byte \\d+$`),
    );

    const report = await verifyArchive(withoutIndex(files), {});
    expect(report.isIntact).toBe(false);
    expect(report.damage.map(({ volume }) => volume)).toEqual([name]);
  });
});

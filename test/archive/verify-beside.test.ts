import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import {
  type VerifyOptions,
  type VerifyReport,
  verifyArchive,
} from '../../src/archive/verify.js';
import { archiveFilesAt } from '../helpers/storages.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { buildZip, type EntrySpec } from '../helpers/zip-builder.js';

/** Volumes that are read while others are opened and looked through are judged as they are where nothing goes on beside. */

const root = temporaryDirectory('verify-beside');
afterAll(() => {
  removeTemporary(root);
});

const DIRECTORY = '@backup/store/lists/';
const VOLUMES = 3;
/** Together more than is read without threads. */
const CONTENT = Buffer.alloc(300_000, 'content');
const ENTRIES = 12;

/** An archive with these entries at the end of a volume. */
async function verifyWith(
  changed: { readonly volume: number; readonly entries: EntrySpec[] },
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const directory = mkdtempSync(join(root, 'archive-'));

  for (let volume = 0; volume < VOLUMES; volume++) {
    const plain = Array.from({ length: ENTRIES }, (_, at) => ({
      name: `${DIRECTORY}${String(volume)}-${String(at)}`,
      content: CONTENT,
      method: 0,
    }));
    const added = volume === changed.volume ? changed.entries : [];
    const suffix = volume === 0 ? '' : `.${String(volume)}`;

    writeFileSync(
      join(directory, `F20260101T010000Z${suffix}.zip`),
      buildZip([...plain, ...added]),
    );
  }

  const path = join(directory, 'F20260101T010000Z.zip');

  return verifyArchive(await archiveFilesAt(path), options);
}

it('names the damaged entries of each volume', async () => {
  const name = `${DIRECTORY}damaged`;

  for (let volume = 0; volume < VOLUMES; volume++) {
    const entries = [{ name, content: 'text', crc: 1 }];
    const suffix = volume === 0 ? '' : `.${String(volume)}`;

    expect(await verifyWith({ volume, entries })).toMatchObject({
      isIntact: false,
      entries: VOLUMES * ENTRIES + 1,
      problems: [{ name, volume: `F20260101T010000Z${suffix}.zip` }],
    });
  }
});

it('finds nothing where nothing is wrong', async () => {
  expect(await verifyWith({ volume: 0, entries: [] })).toMatchObject({
    problems: [],
    unread: [],
    entries: VOLUMES * ENTRIES,
    bytes: VOLUMES * ENTRIES * CONTENT.length,
  });
});

it('tells a structure that nobody recovers, and no entries', async () => {
  const entries = [
    { name: `${DIRECTORY}twice`, content: 'text', crc: 1 },
    { name: `${DIRECTORY}twice`, content: 'text' },
    { name: '.summary.txt', content: 'volumes 3\n' },
  ];

  const report = await verifyWith({ volume: 2, entries });
  expect(report.fault).toContain('F20260101T010000Z.2.zip');
  expect(report.fault).toContain('appears twice');
  expect(report.problems).toEqual([]);
});

it('tells of progress once all is known that is to be read', async () => {
  const totals = new Set<number | undefined>();
  await verifyWith(
    { volume: 0, entries: [] },
    { onProgress: ({ totalItems }) => totals.add(totalItems) },
  );

  expect([...totals]).toEqual([VOLUMES * ENTRIES]);
});

it('ends when it is interrupted', async () => {
  const interruption = new Error('interrupted');
  const controller = new AbortController();
  controller.abort(interruption);

  await expect(
    verifyWith({ volume: 0, entries: [] }, { signal: controller.signal }),
  ).rejects.toBe(interruption);
});

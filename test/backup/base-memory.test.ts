import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { ArchiveFacts } from '../../src/archive/archive-facts.js';
import { listArchiveFiles } from '../../src/archive/backup-directory.js';
import { localStorage } from '../../src/archive/local-storage.js';
import { type IndexedFull, indexFull } from '../../src/backup/index-full.js';
import { collectGarbage } from '../../src/platform/collect-garbage.js';
import { packNames } from '../../src/store/name-list.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { buildZip } from '../helpers/zip-builder.js';

/** What a differential and a full hold in memory does not grow with the messages, but for a few bytes of each name. */

const root = temporaryDirectory('base-memory');
afterAll(() => {
  removeTemporary(root);
});

const DIRECTORY = '@backup/store/mail/example.com/user/INBOX/#msgs/';
const FEW = 400;
const MANY = 4000;
const LONG = 'x'.repeat(200);

const numbered = (count: number): string[] =>
  Array.from(
    { length: count },
    (_, at) => `${at.toString(16).padStart(8, '0')}.eml`,
  );

async function held(): Promise<number> {
  await collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();

  return heapUsed + arrayBuffers;
}

async function indexOf(messages: number): Promise<IndexedFull> {
  const path = join(root, String(messages));
  mkdirSync(path);
  writeFileSync(
    join(path, 'F20260101T010000Z.zip'),
    buildZip(
      numbered(messages).map((name) => ({
        name: DIRECTORY + LONG + name,
        content: '',
      })),
    ),
  );

  const [files] = await listArchiveFiles(localStorage(path));
  const index = await indexFull({ files } as ArchiveFacts);
  expect(index.index.size).toBe(messages);

  return index;
}

it('holds no entry of a full that it knows the directories of', async () => {
  const before = await held();
  const few = await indexOf(FEW);
  const between = await held();
  const many = await indexOf(MANY);
  const after = await held();

  const grown = after - between - (between - before);
  expect(grown / (MANY - FEW)).toBeLessThan(100);
  // Until here both are held.
  few.index.close();
  many.index.close();
});

it('holds some bytes of each name of a listing', () => {
  const { text } = packNames(numbered(MANY));

  expect(text.length / MANY).toBeLessThan(6);
});

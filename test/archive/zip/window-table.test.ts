import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findArchiveFiles } from '../../../src/archive/backup-directory.js';
import { localStorage } from '../../../src/archive/local-storage.js';
import { openVolume } from '../../../src/archive/open-archive.js';
import { makeColumns } from '../../../src/archive/zip/entry-columns.js';
import {
  ColumnTable,
  type EntryTable,
} from '../../../src/archive/zip/entry-table.js';
import { WindowTable } from '../../../src/archive/zip/window-table.js';
import { removeTemporary, temporaryDirectory } from '../../helpers/store.js';
import { buildZip } from '../../helpers/zip-builder.js';

/** Entries that leave the memory for those of other volumes, and are read again. */

const root = temporaryDirectory('window');
const path = join(root, 'mail.zip');
const NAMES = ['a/one', 'a/two', 'b/three'];

afterAll(() => {
  removeTemporary(root);
});

async function openTable(): Promise<EntryTable> {
  const entries = NAMES.map((name) => ({ name, content: name }));
  writeFileSync(path, buildZip(entries));

  const { volumes } = await findArchiveFiles(localStorage(root), 'mail.zip');
  const [volume] = volumes;
  if (!volume) throw new Error('no volume');

  return (await openVolume(volume)).table;
}

/** Entries that need all the memory there is for entries. */
function pushOut(): void {
  const large = new ColumnTable(makeColumns(1, new Uint8Array(40 << 20)));
  const table = new WindowTable(large, () => large);
  expect(table.count).toBe(1);
}

const factsOf = (table: EntryTable): unknown[] =>
  NAMES.map((_, index) => [
    table.rowAt(index),
    table.extentEnd(index),
    table.isDirectory(index),
  ]);

describe('the entries of a volume', () => {
  it('are the same when they are read again', async () => {
    const table = await openTable();
    const before = factsOf(table);
    pushOut();
    expect(factsOf(table)).toEqual(before);
    expect(NAMES.map((_, index) => table.name(index))).toEqual(NAMES);
  });

  it('keep what was taken from them', async () => {
    const table = await openTable();
    const name = table.nameBytes(2);
    pushOut();
    expect(table.name(0)).toBe('a/one');
    expect(name.toString()).toBe('b/three');
  });

  it('are refused when another archive took the place of theirs', async () => {
    const table = await openTable();
    pushOut();
    writeFileSync(
      path,
      buildZip(['a/one', 'a/too', 'b/three'].map((name) => ({ name }))),
    );
    expect(() => table.name(1)).toThrow(/is another one than a moment ago/);
  });

  it('are refused when their volume is cut off', async () => {
    const table = await openTable();
    pushOut();
    truncateSync(path, 40);
    expect(() => table.name(1)).toThrow(/is another one than a moment ago/);
  });
});

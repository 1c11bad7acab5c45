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

/** A table of so many bytes, and how often it was read again. */
class Counted {
  reads = 0;
  readonly table: WindowTable;

  constructor(bytes: number) {
    const entries = new ColumnTable(makeColumns(1, new Uint8Array(bytes)));
    this.table = new WindowTable(entries, () => {
      this.reads++;
      return entries;
    });
  }
}

/** Entries that need all the memory there is for entries. */
function pushOut(): void {
  const large = [new Counted(40 << 20), new Counted(40 << 20)];
  for (const { table } of large) expect(table.size(0)).toBe(0);
}

function countReads(
  tables: readonly Counted[],
  order: readonly number[],
): number {
  const before = tables.reduce((sum, { reads }) => sum + reads, 0);
  for (const at of order) tables[at]?.table.size(0);

  return tables.reduce((sum, { reads }) => sum + reads, -before);
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

  it('of two volumes that are read in turn stay, however large', () => {
    const tables = [new Counted(30 << 20), new Counted(30 << 20)];
    expect(countReads(tables, [0, 1, 0, 1, 0, 1])).toBe(0);
  });

  it('of some volumes are still there in the next pass over all', () => {
    const tables = Array.from({ length: 7 }, () => new Counted(10 << 20));
    const pass = tables.map((_, at) => at);
    countReads(tables, pass);
    expect(countReads(tables, pass)).toBeLessThan(pass.length);
  });

  it('that are released are read again when they are asked for', () => {
    const one = new Counted(10 << 20);

    expect([one.table.release(), one.table.release()]).toEqual([10 << 20, 0]);
    expect(one.table.size(0)).toBe(0);
    expect(one.reads).toBe(1);
  });

  it('of the volumes of an earlier archive make room for those of the next', () => {
    const earlier = Array.from({ length: 7 }, () => new Counted(10 << 20));
    countReads(earlier, [0, 1, 2, 3, 4, 5, 6]);
    const tables = Array.from({ length: 4 }, () => new Counted(10 << 20));
    expect(countReads(tables, [0, 1, 2, 3, 0, 1, 2, 3])).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import {
  findClash,
  fingerprintFiles,
} from '../../../src/archive/zip/check-clashes.js';
import {
  EntryTableBuilder,
  TimePrecision,
  type EntryTable,
} from '../../../src/archive/zip/entry-table.js';

function tableOf(...names: string[]): EntryTable {
  const builder = new EntryTableBuilder(names.length, 100);
  const plain = {
    flags: 0,
    method: 0,
    crc: 0,
    sizeBytes: 0,
    compressedBytes: 0,
    mode: 0,
    mtimeTicks: 0n,
  };
  names.forEach((name, index) => {
    builder.add({
      ...plain,
      name: Buffer.from(name),
      headerOffset: index,
      precision: TimePrecision.dos,
    });
  });
  return builder.build();
}

const clashOf = (tables: EntryTable[]): string | undefined =>
  findClash(tables, fingerprintFiles(tables));

describe('a name that is a file and a directory', () => {
  it('is found by an entry below it, by a directory of its name, in any order and volume', () => {
    expect(clashOf([tableOf('a/b', 'a/b/c')])).toBe('a/b');
    expect(clashOf([tableOf('a/b/c/d', 'x', 'a/b')])).toBe('a/b');
    expect(clashOf([tableOf('a/b', 'a/b/')])).toBe('a/b');
    expect(clashOf([tableOf('x/ä/y'), tableOf('x/ä')])).toBe('x/ä');
  });

  it('is not seen in names that merely look alike', () => {
    expect(
      clashOf([tableOf('a/', 'a/b', 'a/bc/d', 'a/b.d/e', 'b', 'c/b/d')]),
    ).toBeUndefined();
    expect(clashOf([tableOf()])).toBeUndefined();
  });
});

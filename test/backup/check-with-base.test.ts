import { expect, it } from 'vitest';
import { checkChain } from '../../src/archive/check-chain.js';
import { DeletedNames, HiddenNames } from '../../src/archive/hidden-names.js';
import type { Volumes } from '../../src/archive/check-structure.js';
import {
  type EntryTable,
  EntryTableBuilder,
  TimePrecision,
} from '../../src/archive/zip/entry-table.js';
import { BaseIndex } from '../../src/backup/base-index.js';
import type { ReadArchive } from '../../src/archive/verify.js';
import { checkWithBase } from '../../src/backup/check-with-base.js';
import type { IndexedFull } from '../../src/backup/index-full.js';

function tableOf(names: readonly string[]): EntryTable {
  const builder = new EntryTableBuilder(names.length, 1000);
  for (const [index, name] of names.entries()) {
    builder.add({
      name: Buffer.from(name),
      flags: 0,
      method: 0,
      crc: 0,
      sizeBytes: 0,
      compressedBytes: 0,
      headerOffset: index,
      mode: 0o600,
      mtimeTicks: 0n,
      precision: TimePrecision.tick,
    });
  }

  return builder.build();
}

function volumesOf(stem: string, names: readonly string[]): Volumes {
  return {
    files: { stem },
    volumes: [{ file: { name: stem }, table: tableOf(names) }],
  } as unknown as Volumes;
}

function hide(last: Volumes, names: readonly string[]): HiddenNames {
  const deleted = new DeletedNames();
  for (const name of names) deleted.add(name);
  deleted.end();

  return new HiddenNames({ archive: last } as unknown as ReadArchive, deleted);
}

/** What each of the two checks says: they ask the same in two ways. */
async function judge(
  full: readonly string[],
  last: readonly string[],
  deleted: readonly string[],
): Promise<(string | undefined)[]> {
  const lastVolumes = volumesOf('I', last);
  const hidden = hide(lastVolumes, deleted);
  const index = new BaseIndex(new Date(0));
  index.add(tableOf(full), undefined);
  const base = { files: { stem: 'F' }, index } as unknown as IndexedFull;

  const found: (string | undefined)[] = [];
  const tell = (error: unknown): void => {
    found.push(/"(.*)"/.exec(String(error))?.[1]);
  };

  try {
    checkChain(volumesOf('F', full), lastVolumes, hidden);
    found.push(undefined);
  } catch (error) {
    tell(error);
  }

  await checkWithBase(base, lastVolumes, hidden).then(() => {
    found.push(undefined);
  }, tell);

  return found;
}

it.each([
  {
    what: 'a file of the full is a directory now',
    full: ['a/b'],
    last: ['a/b/c'],
    deleted: [],
    clash: 'a/b',
  },
  {
    what: 'and is deleted',
    full: ['a/b'],
    last: ['a/b/c'],
    deleted: ['a/b'],
    clash: undefined,
  },
  {
    what: 'a directory of the full is a file now',
    full: ['a/b/'],
    last: ['a/b'],
    deleted: [],
    clash: 'a/b',
  },
  {
    what: 'it has no entry of its own',
    full: ['a/b/c/d'],
    last: ['a/b'],
    deleted: [],
    clash: 'a/b',
  },
  {
    what: 'it is deleted',
    full: ['a/b/', 'a/b/c'],
    last: ['a/b'],
    deleted: ['a/b/', 'a/b/c'],
    clash: undefined,
  },
  {
    what: 'it is deleted, but not all of it',
    full: ['a/b/', 'a/b/c'],
    last: ['a/b'],
    deleted: ['a/b/'],
    clash: 'a/b',
  },
  {
    what: 'a file at the root',
    full: ['a'],
    last: ['a/b'],
    deleted: [],
    clash: 'a',
  },
])('finds what cannot be on one disk: $what', async (given) => {
  const { full, last, deleted, clash } = given;
  const found = await judge(full, last, deleted);

  expect(found).toEqual([clash, clash]);
});

it('says the same of any two archives as the check of all entries', async () => {
  let seed = 7;
  const roll = (sides: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;

    return (seed >>> 16) % sides;
  };

  const some = (names: readonly string[]): string[] =>
    names.filter(() => roll(4) === 0);

  const paths = ['a', 'a/b', 'a/b/c', 'a/d', 'e', 'e/a', 'e/a/b'];
  const names = [...paths, ...paths.map((path) => `${path}/`)];
  let clashes = 0;

  for (let round = 0; round < 500; round++) {
    const full = some(names);
    const [all, listed] = await judge(full, some(names), some(full));
    expect(all === undefined).toBe(listed === undefined);
    if (all !== undefined) clashes++;
  }

  expect(clashes).toBeGreaterThan(50);
});

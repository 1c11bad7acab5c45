import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  countLevels,
  directoryRuns,
} from '../../../src/archive/zip/directory-runs.js';
import {
  type EntryTable,
  EntryTableBuilder,
} from '../../../src/archive/zip/entry-table.js';

function tableOf(names: readonly string[]): EntryTable {
  const builder = new EntryTableBuilder(names.length, 0);
  for (const name of names) {
    builder.add({
      name: Buffer.from(name),
      flags: 0,
      method: 0,
      crc: 0,
      sizeBytes: 0,
      compressedBytes: 0,
      headerOffset: 0,
      mode: 0,
      mtimeTicks: 0n,
      precision: 2,
    });
  }

  return builder.build();
}

/** `a/b` lies in `a/`, and so does `a/b/`. */
function directoryOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/', name.length - 2) + 1);
}

const step = fc.constantFrom('a', 'b', 'ä', 'abc');
const name = fc
  .tuple(fc.array(step, { maxLength: 4 }), step, fc.constantFrom('', '/'))
  .map(([steps, last, slash]) => [...steps, last].join('/') + slash);

it('runs cover all entries in their order, each with the directory that its entries lie in', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 40 }), (names) => {
      const table = tableOf(names);
      let next = 0;

      for (const run of directoryRuns(table)) {
        expect(run.start).toBe(next);
        expect(run.end).toBeGreaterThan(run.start);
        expect(Buffer.byteLength(run.prefix)).toBe(run.prefixBytes);
        for (let index = run.start; index < run.end; index++) {
          expect(run.prefix).toBe(directoryOf(names[index] ?? ''));
        }

        // Two runs next to each other lie in different directories.
        if (run.end < names.length) {
          expect(directoryOf(names[run.end] ?? '')).not.toBe(run.prefix);
        }

        next = run.end;
      }

      expect(next).toBe(names.length);
    }),
  );
});

it('the directories of sorted names are counted once each', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 40 }), (names) => {
      const sorted = names.map(directoryOf).sort();
      const all = new Set<string>();
      for (const directory of sorted) {
        for (
          let end = directory.indexOf('/');
          end !== -1;
          end = directory.indexOf('/', end + 1)
        ) {
          all.add(directory.slice(0, end));
        }
      }

      const files = sorted.map((directory) => `${directory}x`);
      expect(countLevels(tableOf(files))).toBe(all.size);
    }),
  );
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type EntryTable,
  EntryTableBuilder,
} from '../../../src/archive/zip/entry-table.js';
import { planReads } from '../../../src/archive/read/plan-reads.js';

const MIB = 1 << 20;

interface Sizes {
  /** Bytes before the entry that belong to none. */
  readonly gap: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
}

function tableOf(entries: readonly Sizes[]): EntryTable {
  const builder = new EntryTableBuilder(entries.length, 0);
  let at = 0;

  for (const [
    index,
    { gap, compressedBytes, sizeBytes },
  ] of entries.entries()) {
    at += gap;
    builder.add({
      name: Buffer.from(`m${index}`),
      flags: 0,
      method: 8,
      crc: 0,
      sizeBytes,
      compressedBytes,
      headerOffset: at,
      mode: 0,
      mtimeTicks: 0n,
      precision: 2,
    });
    at += compressedBytes + 40;
    builder.setExtentEnd(index, at);
  }

  return builder.build();
}

const size = fc.oneof(
  { weight: 8, arbitrary: fc.nat({ max: 20_000 }) },
  { weight: 2, arbitrary: fc.nat({ max: 3 * MIB }) },
  { weight: 1, arbitrary: fc.nat({ max: 30 * MIB }) },
);
const entries = fc.array(
  fc.record({
    gap: fc.oneof(fc.constant(0), fc.nat({ max: 200_000 })),
    compressedBytes: size,
    sizeBytes: size,
  }),
  { maxLength: 60 },
);

it('a plan reads every wanted entry once, in the order of the volume, within the bounds of a task', () => {
  fc.assert(
    fc.property(entries, fc.infiniteStream(fc.boolean()), (sizes, wanted) => {
      const table = tableOf(sizes);
      const indices = sizes
        .map((_, index) => index)
        .filter(() => wanted.next().value);
      // The order in which they are asked for makes no difference.
      const plans = [...planReads(table, [...indices].reverse())];

      expect(plans.flatMap((plan) => plan.indices)).toEqual(indices);
      for (const { indices, startBytes, endBytes, isLarge } of plans) {
        for (const index of indices) {
          expect(table.headerOffset(index)).toBeGreaterThanOrEqual(startBytes);
          expect(table.extentEnd(index)).toBeLessThanOrEqual(endBytes);
        }

        const inflated = indices.reduce((sum, at) => sum + table.size(at), 0);
        if (isLarge) {
          expect(indices).toHaveLength(1);
        } else {
          expect(inflated).toBeLessThanOrEqual(16 * MIB);
          expect(endBytes - startBytes).toBeLessThanOrEqual(4 * MIB);
        }
      }
    }),
    { numRuns: 80 },
  );
});

it('small neighbours are one task, up to 512 of them', () => {
  const one = { gap: 0, compressedBytes: 100, sizeBytes: 300 };
  const table = tableOf(Array.from({ length: 1100 }, () => one));
  const all = Array.from({ length: 1100 }, (_, index) => index);
  const counts = [...planReads(table, all)].map(
    ({ indices }) => indices.length,
  );
  expect(counts).toEqual([512, 512, 76]);
});

it('a small gap is read over, and a large one is not', () => {
  const one = { compressedBytes: 100, sizeBytes: 300 };
  const gaps = [0, 60_000, 70_000].map((gap) => ({ gap, ...one }));
  const plans = [...planReads(tableOf(gaps), [0, 1, 2])];
  expect(plans.map(({ indices }) => indices)).toEqual([[0, 1], [2]]);
});

it('nothing wanted is nothing to read', () => {
  expect([...planReads(tableOf([]), [])]).toEqual([]);
});

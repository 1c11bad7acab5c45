import type { EntryTable } from '../zip/entry-table.js';

/** Cutting the entries of a volume into tasks for the reading workers. Pure. */

const TASK_SPAN_BYTES = 2 << 20;
const TASK_ENTRIES = 512;
/** Entries above these stream through a worker on their own. */
const LARGE_COMPRESSED_BYTES = 4 << 20;
const LARGE_BYTES = 16 << 20;
/** Entries that are not wanted between two that are: a gap this small is read over. */
const GAP_BYTES = 64 << 10;

export interface PlannedRead {
  /** In the order of their position. */
  readonly indices: readonly number[];
  readonly startBytes: number;
  readonly endBytes: number;
  readonly isLarge: boolean;
}

/** Groups neighbours into ranges that one read fetches. `indices` may be in any order. */
export function* planReads(
  table: EntryTable,
  indices: readonly number[],
): Generator<PlannedRead> {
  const sorted = isAscending(table, indices)
    ? indices
    : [...indices].sort(
        (a, b) => table.headerOffset(a) - table.headerOffset(b),
      );

  let group: number[] = [];
  let [start, end, bytes] = [0, 0, 0];

  const take = (): PlannedRead => ({
    indices: group,
    startBytes: start,
    endBytes: end,
    isLarge: false,
  });

  for (const index of sorted) {
    const [from, to] = [table.headerOffset(index), table.extentEnd(index)];
    const size = table.size(index);
    const isLarge = to - from > LARGE_COMPRESSED_BYTES || size > LARGE_BYTES;

    const isFull =
      group.length >= TASK_ENTRIES ||
      to - start > TASK_SPAN_BYTES ||
      bytes + size > LARGE_BYTES ||
      from - end > GAP_BYTES;

    if (group.length > 0 && (isLarge || isFull)) {
      yield take();
      group = [];
    }

    if (isLarge) {
      yield { indices: [index], startBytes: from, endBytes: to, isLarge };
      continue;
    }

    if (group.length === 0) [start, bytes] = [from, 0];
    group.push(index);
    [end, bytes] = [to, bytes + size];
  }

  if (group.length > 0) yield take();
}

function isAscending(table: EntryTable, indices: readonly number[]): boolean {
  return indices.every(
    (index, at) =>
      at === 0 ||
      table.headerOffset(indices[at - 1] ?? 0) < table.headerOffset(index),
  );
}

import type { EntryTable } from '../zip/entry-table.js';
import type { Indices } from './indices.js';

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
  indices: Indices,
): Generator<PlannedRead> {
  let group: Group | undefined;

  for (const index of sortByPosition(table, indices)) {
    const startBytes = table.headerOffset(index);
    const endBytes = table.extentEnd(index);
    const size = table.size(index);

    const isLarge =
      endBytes - startBytes > LARGE_COMPRESSED_BYTES || size > LARGE_BYTES;

    if (group && (isLarge || !group.hasRoomFor(startBytes, endBytes, size))) {
      yield group.toPlan();
      group = undefined;
    }

    if (isLarge) {
      yield { indices: [index], startBytes, endBytes, isLarge };
    } else {
      group ??= new Group(startBytes);
      group.add(index, endBytes, size);
    }
  }

  if (group) yield group.toPlan();
}

/** Entries that one read fetches. */
class Group {
  readonly #indices: number[] = [];
  #endBytes: number;
  /** Of the entries together, once they are inflated. */
  #sizeBytes = 0;

  constructor(private readonly startBytes: number) {
    this.#endBytes = startBytes;
  }

  hasRoomFor(startBytes: number, endBytes: number, sizeBytes: number): boolean {
    return (
      this.#indices.length < TASK_ENTRIES &&
      endBytes - this.startBytes <= TASK_SPAN_BYTES &&
      this.#sizeBytes + sizeBytes <= LARGE_BYTES &&
      startBytes - this.#endBytes <= GAP_BYTES
    );
  }

  add(index: number, endBytes: number, sizeBytes: number): void {
    this.#indices.push(index);
    this.#endBytes = endBytes;
    this.#sizeBytes += sizeBytes;
  }

  toPlan(): PlannedRead {
    return {
      indices: this.#indices,
      startBytes: this.startBytes,
      endBytes: this.#endBytes,
      isLarge: false,
    };
  }
}

function sortByPosition(table: EntryTable, indices: Indices): Iterable<number> {
  let last = -1;

  const isOutOfOrder = indices.some((index) => {
    const before = last;
    last = table.headerOffset(index);

    return last <= before;
  });

  if (!isOutOfOrder) return indices;

  return [...indices].sort(
    (a, b) => table.headerOffset(a) - table.headerOffset(b),
  );
}

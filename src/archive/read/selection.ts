import type { VolumeFileInfo } from '../backup-directory.js';
import type { VolumePlace } from '../volume-handle.js';
import type { EntryTable } from '../zip/entry-table.js';
import { partOf } from '../zip/table-part.js';
import { inMemory } from '../zip/window-table.js';
import { IndexRuns, type Indices } from './indices.js';
import { type PlannedRead, planReads } from './plan-reads.js';
import type { ReadTask } from './read-tasks.js';

/** Entries of a volume that are to be read. */
export interface Selection {
  readonly volume: VolumeFileInfo;
  readonly table: EntryTable;
  readonly indices: Indices;
}

/** Every entry of a volume. */
export function selectAll(
  volume: VolumeFileInfo,
  table: EntryTable,
): Selection {
  return {
    volume,
    table,
    indices: IndexRuns.below(table.count),
  };
}

/** The bytes that a selection inflates to. */
export function sizeOf({ table, indices }: Selection): number {
  let bytes = 0;
  indices.forEach((index) => {
    bytes += table.size(index);
  });

  return bytes;
}

interface TaskOptions {
  readonly rules?: ReadTask['rules'];
  readonly isTolerant?: boolean | undefined;
}

/** Tasks for all entries of a selection. @param place its volume, as those who read it open it */
export function* toTasks(
  { table, indices }: Selection,
  place: VolumePlace,
  options: TaskOptions,
): Generator<ReadTask> {
  const held = inMemory(table);

  for (const planned of planReads(held, indices)) {
    yield toTask(place, held, planned, options);
  }
}

function toTask(
  volume: VolumePlace,
  table: EntryTable,
  planned: PlannedRead,
  { rules, isTolerant = false }: TaskOptions,
): ReadTask {
  const { indices, startBytes, endBytes, isLarge } = planned;

  return {
    volume,
    entries: partOf(table, indices),
    startBytes,
    endBytes,
    isLarge,
    rules,
    isTolerant,
  };
}

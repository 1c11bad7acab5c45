import { DamagedArchiveError } from '../../errors.js';
import type { EntryTable } from './entry-table.js';
import { LOCAL_FIXED_BYTES } from './zip-format.js';

/**
 * Lets each entry end where the next one by position begins; entries that reach into their successor are refused.
 * Sorting finds every overlap in one pass: if any two overlap, two neighbours do.
 */
export function setExtents(
  table: EntryTable,
  directoryOffset: number,
  volume: string,
): EntryTable {
  const order = isSorted(table) ? undefined : sortByPosition(table);
  const indexAt = (position: number): number => order?.[position] ?? position;
  const last = table.count - 1;
  let start = last < 0 ? 0 : table.headerOffset(indexAt(0));

  for (let position = 0; position <= last; position++) {
    const index = indexAt(position);
    const end =
      position === last
        ? directoryOffset
        : table.headerOffset(indexAt(position + 1));

    const least =
      start +
      LOCAL_FIXED_BYTES +
      table.rawNameLength(index) +
      table.compressedSize(index);

    if (least > end) throw overlap(table, index, { volume, least, end });

    table.setExtentEnd(index, end);
    start = end;
  }

  return table;
}

function isSorted(table: EntryTable): boolean {
  let before = -1;

  for (let index = 0; index < table.count; index++) {
    const offset = table.headerOffset(index);
    if (offset <= before) return false;

    before = offset;
  }

  return true;
}

function sortByPosition(table: EntryTable): Uint32Array {
  const order = Uint32Array.from({ length: table.count }, (_, index) => index);
  return order.sort((a, b) => table.headerOffset(a) - table.headerOffset(b));
}

function overlap(
  table: EntryTable,
  index: number,
  { volume, least, end }: { volume: string; least: number; end: number },
): DamagedArchiveError {
  const name = JSON.stringify(table.name(index));
  return new DamagedArchiveError(
    `${volume}: the data of entry ${name} reach byte ${least}, beyond what follows at ${end}`,
    {
      hints: [
        'Entries that overlap are damage or an attack: use another archive.',
      ],
    },
  );
}

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
  for (let position = 0; position < table.count; position++) {
    const index = order?.[position] ?? position;
    const next = order?.[position + 1] ?? position + 1;
    const end =
      position + 1 === table.count ? directoryOffset : table.headerOffset(next);

    const least =
      table.headerOffset(index) +
      LOCAL_FIXED_BYTES +
      table.rawNameLength(index) +
      table.compressedSize(index);

    if (least > end) throw overlap(table, index, { volume, least, end });

    table.setExtentEnd(index, end);
  }

  return table;
}

function isSorted(table: EntryTable): boolean {
  for (let index = 1; index < table.count; index++) {
    if (table.headerOffset(index - 1) >= table.headerOffset(index)) {
      return false;
    }
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

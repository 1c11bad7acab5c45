import { DamagedArchiveError, messageOf } from '../../errors.js';
import { readEntries } from './central-directory.js';
import { EntryRows } from './entry-rows.js';
import type { EntryTable } from './entry-table.js';
import { scanEntries, type ScanRules } from './scan-entries.js';
import {
  type ByteRange,
  isBadPlace,
  SkippingSource,
} from './skipping-source.js';
import type { RandomAccessSource } from './source.js';
import { findWitnesses, type Witnesses } from './witnesses.js';
import { LOCAL_FIXED_BYTES } from './zip-format.js';

/** The entries of a volume as far as they can be found, whatever is damaged. None of their data are proven. */
export interface LenientEntries {
  readonly table: EntryTable;
  /** Undefined where the central directory cannot be read as a whole, and why. */
  readonly centralDirectory: Buffer | undefined;
  readonly reason: string | undefined;
  /** The volume may have held entries that nothing in it names any more. */
  readonly mayLackEntries: boolean;
  /** Where the disk could not read while entries were looked for. */
  readonly unreadable: readonly ByteRange[];
}

/**
 * Reads the entries of a volume by its central directory, or where that is damaged, by the headers that are left.
 * @throws {DamagedArchiveError} where they are more than any volume has · {Error} the operating system's
 */
export async function readEntriesLeniently(
  source: RandomAccessSource,
  rules: Omit<ScanRules, 'witnesses'>,
): Promise<LenientEntries> {
  try {
    const { table, centralDirectory } = await readEntries(source);

    return {
      table,
      centralDirectory,
      reason: undefined,
      mayLackEntries: false,
      unreadable: [],
    };
  } catch (error) {
    if (!(error instanceof DamagedArchiveError || isBadPlace(error))) {
      throw error;
    }

    const readable = new SkippingSource(source);
    const witnesses = await findWitnesses(readable);
    const { tables, isUnbroken } = await scanEntries(readable, {
      witnesses,
      isPlausible: (name) => rules.isPlausible(name),
      proves: (row, dataEnd) => rules.proves(row, dataEnd),
    });

    return {
      table: unite(tables, witnesses),
      centralDirectory: undefined,
      reason: messageOf(error),
      mayLackEntries: !isUnbroken && !witnesses.areAll,
      unreadable: readable.unreadable,
    };
  }
}

/**
 * One table of what local and central headers name, in the order of their places. A central header says more than a local
 * one; what only a central header names has lost its local one, and may have its data still.
 */
function unite(
  tables: readonly EntryTable[],
  witnesses: Witnesses,
): EntryTable {
  const rows = new EntryRows();
  const seen = new Set<number>();
  const places = [...placesOf(tables), ...orphansOf(tables, witnesses)].sort(
    (a, b) => a.table.headerOffset(a.index) - b.table.headerOffset(b.index),
  );

  for (const [at, { table, index }] of places.entries()) {
    const offset = table.headerOffset(index);
    if (seen.has(offset)) continue;

    seen.add(offset);

    const witness = witnesses.of(offset);
    const next = places[at + 1];
    const extentEnd = next
      ? next.table.headerOffset(next.index)
      : Math.max(witnesses.start, offset + LOCAL_FIXED_BYTES);

    const row =
      witness === undefined
        ? table.rowAt(index)
        : witnesses.table.rowAt(witness);

    rows.add({ ...row, extentEnd });
  }

  return rows.build();
}

interface RowPlace {
  readonly table: EntryTable;
  readonly index: number;
}

function* placesOf(tables: readonly EntryTable[]): Generator<RowPlace> {
  for (const table of tables) {
    for (let index = 0; index < table.count; index++) yield { table, index };
  }
}

/** Central headers without a local one, as far as they do not point into the data of another entry. */
function* orphansOf(
  tables: readonly EntryTable[],
  { table }: Witnesses,
): Generator<RowPlace> {
  const starts = new Set<number>();
  const spans: { start: number; end: number }[] = [];

  for (const { table: own, index } of placesOf(tables)) {
    starts.add(own.headerOffset(index));
    spans.push({ start: own.headerOffset(index), end: own.extentEnd(index) });
  }

  spans.sort((a, b) => a.start - b.start);

  for (let index = 0; index < table.count; index++) {
    const offset = table.headerOffset(index);
    if (starts.has(offset)) continue;
    if (!liesWithin(spans, offset)) yield { table, index };
  }
}

function liesWithin(
  spans: readonly { readonly start: number; readonly end: number }[],
  offset: number,
): boolean {
  let low = 0;
  let high = spans.length;

  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((spans[middle]?.start ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }

  const before = spans[low - 1];

  return before !== undefined && offset < before.end;
}

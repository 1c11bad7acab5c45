import { findEntryFault } from '../entry-names.js';
import type { VolumeFileInfo } from '../backup-directory.js';
import { findFieldFault } from '../check-entries.js';
import { readSelections, selectAll } from '../read/read-archive.js';
import { isOwnText } from '../summary.js';
import { tableOfRows } from '../zip/entry-rows.js';
import type { EntryRow, EntryTable } from '../zip/entry-table.js';
import type { ScanRules } from '../zip/scan-entries.js';
import { isTopDirectory, placeOf } from '../../store/entry-place.js';

/** The control over work that reads much. */
export interface SalvageControl {
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: Parameters<typeof readSelections>[1]['onProgress'];
}

/** A table of one row. @param extentEnd the offset that its data must not go beyond */
export function tableOf(row: EntryRow, extentEnd: number): EntryTable {
  return tableOfRows([{ ...row, extentEnd }]);
}

/** Says whether the data of a row have the size and the checksum that it says. */
export async function isProven(
  file: VolumeFileInfo,
  table: EntryTable,
  control: SalvageControl,
): Promise<boolean> {
  if (findFieldFault(table, 0) !== undefined) return false;

  const { problems, unread } = await readSelections([selectAll(file, table)], {
    threads: control.threads,
    signal: control.signal,
    isTolerant: true,
    phase: 'salvaging',
  });

  return problems.length === 0 && unread.length === 0;
}

/** False headers in a volume must not make a search for true ones read it again and again. */
const WORK_FACTOR = 8;
const LEAST_WORK_BYTES = 64 << 20;

/** The rules by which entries of a backup are looked for in a volume. */
export function scanRulesFor(
  file: VolumeFileInfo,
  control: SalvageControl,
): Omit<ScanRules, 'witnesses'> {
  let workBytes = file.sizeBytes * WORK_FACTOR + LEAST_WORK_BYTES;

  return {
    isPlausible,
    proves: async (row, dataEnd) => {
      workBytes -= row.sizeBytes + row.compressedBytes;
      if (workBytes < 0) return false;

      return isProven(file, tableOf(row, dataEnd), control);
    },
  };
}

/** Says whether an archive of a mail server may hold such an entry, and a safe tool may recover it. */
export function isPlausible(name: string): boolean {
  const isKnown =
    placeOf(name) !== undefined || isTopDirectory(name) || isOwnText(name);

  return isKnown && findEntryFault(name) === undefined;
}

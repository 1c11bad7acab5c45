import {
  addRun,
  areSameRuns,
  type FolderRun,
  parseFolders,
  runsOfTable,
} from './folder-index.js';
import type { OpenArchive } from './open-archive.js';
import type { ReadProblem } from './read/read-tasks.js';
import { SUMMARY_ENTRY, type SummaryText } from './summary.js';
import { ColumnTable, type EntryTable } from './zip/entry-table.js';

/**
 * Compares the index of folders with the records that it is about, all of them. A false one is in nobody's way who reads everything, and
 * could hide mail from those who read one folder.
 */
export function findFalseFolders(
  { volumes }: Pick<OpenArchive, 'volumes'>,
  { folders }: SummaryText,
): ReadProblem[] {
  const last = volumes.at(-1);
  if (folders === undefined || !last) return [];

  const known = parseFolders(folders) ?? [];
  const wrong = volumes.find(
    (volume, at) =>
      known[at] === undefined ||
      !isTrue(known[at], volume.table, volume === last),
  );
  if (!wrong && known.length === volumes.length) return [];

  const reason = `its index of folders is not that of ${(wrong ?? last).file.name}`;

  return [{ volume: last.file.name, name: SUMMARY_ENTRY, reason }];
}

function isTrue(
  known: readonly FolderRun[],
  table: EntryTable,
  isLast: boolean,
): boolean {
  // Nobody reads a folder of a volume that is out of the ordinary by an index.
  if (table instanceof ColumnTable) return true;
  if (!isLast) return areSameRuns(known, runsOfTable(table));

  return areSameRuns(
    withSummary(known, { entries: table.count, bytes: table.names.length }),
    runsOfTable(table),
  );
}

/** The runs of the last volume with the record of the summary, which cannot name itself. @param whole its central directory */
export function withSummary(
  known: readonly FolderRun[],
  whole: Pick<FolderRun, 'entries' | 'bytes'>,
): FolderRun[] {
  const all = [...known];

  addRun(all, {
    prefix: '',
    areDirectories: false,
    entries: known.reduce((left, run) => left - run.entries, whole.entries),
    bytes: known.reduce((left, run) => left - run.bytes, whole.bytes),
  });

  return all;
}

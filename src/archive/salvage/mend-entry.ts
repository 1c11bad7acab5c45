import { openVolumeFile, type VolumeFileInfo } from '../backup-directory.js';
import { isDirectoryMode, isFileMode } from '../check-entries.js';
import type { OpenVolume } from '../open-archive.js';
import type { PlacedRow } from '../zip/entry-rows.js';
import type { EntryRow, EntryTable } from '../zip/entry-table.js';
import { LOCAL_EXTRA_BYTES } from '../zip/extra-fields.js';
import { type LocalEntry, parseLocalEntry } from '../zip/local-row.js';
import { isReadFailure } from '../zip/source.js';
import {
  LARGEST_LOCAL_HEADER_BYTES,
  LOCAL_FIXED_BYTES,
} from '../zip/zip-format.js';
import { isProven, type SalvageControl, tableOf } from './prove-row.js';

/**
 * Reads an entry once more by each of its two headers: size and checksum of one of them must fit. A local header that is damaged
 * leaves a few places where the data can begin.
 * @returns the row that its data prove; undefined where they are damaged
 */
export async function mendEntry(
  { file, table }: Pick<OpenVolume, 'file' | 'table'>,
  index: number,
  control: SalvageControl,
): Promise<PlacedRow | undefined> {
  const local = await readLocal(file, table, index);
  const own = withSafeMode(table, index);
  const extentEnd = table.extentEnd(index);

  for (const row of candidates(own, local, extentEnd)) {
    const single = tableOf(row, row.extentEnd);
    if (await isProven(file, single, control)) return row;
  }

  return undefined;
}

/** A mode that says a link or a device is that of no file that a backup holds: it is damaged, and nothing is known of it. */
function withSafeMode(table: EntryTable, index: number): EntryRow {
  const row = table.rowAt(index);
  const isSafe = table.isDirectory(index)
    ? isDirectoryMode(row.mode)
    : isFileMode(row.mode);

  return isSafe ? row : { ...row, mode: 0 };
}

/** The entry as its local header alone describes it; undefined where that cannot be read. */
async function readLocal(
  file: VolumeFileInfo,
  table: EntryTable,
  index: number,
): Promise<LocalEntry | undefined> {
  const source = await openVolumeFile(file);
  const offset = table.headerOffset(index);
  const length = Math.min(
    LARGEST_LOCAL_HEADER_BYTES,
    source.sizeBytes - offset,
  );

  try {
    return length > 0
      ? parseLocalEntry(await source.read(offset, length), offset)
      : undefined;
  } catch (error) {
    if (!isReadFailure(error)) throw error;

    return undefined;
  } finally {
    source.close();
  }
}

/** The row by either header, with each place where its data may begin. */
function* candidates(
  own: EntryRow,
  local: LocalEntry | undefined,
  extentEnd: number,
): Generator<PlacedRow> {
  const views = local ? [own, withValuesOf(local.row, own)] : [own];
  const tried = new Set<string>();

  for (const view of views) {
    for (const dataOffset of offsetsOf(view, local, extentEnd)) {
      const { method, crc, sizeBytes, compressedBytes, headerOffset } = view;
      // What follows the data may lie on a bad sector.
      const dataEnd = headerOffset + dataOffset + compressedBytes;
      const isWithin = dataOffset >= LOCAL_FIXED_BYTES && dataEnd <= extentEnd;
      const key = [method, crc, sizeBytes, compressedBytes, dataOffset].join();
      if (!isWithin || tried.has(key)) continue;

      tried.add(key);
      yield { ...view, dataOffset, extentEnd: dataEnd };
    }
  }
}

function withValuesOf(local: EntryRow, own: EntryRow): EntryRow {
  const { method, crc, sizeBytes, compressedBytes } = local;

  return { ...own, method, crc, sizeBytes, compressedBytes };
}

function offsetsOf(
  { name, headerOffset, compressedBytes }: EntryRow,
  local: LocalEntry | undefined,
  extentEnd: number,
): number[] {
  const behindName = LOCAL_FIXED_BYTES + name.length;

  return [
    ...(local ? [local.dataOffset] : []),
    behindName + LOCAL_EXTRA_BYTES,
    behindName,
    extentEnd - headerOffset - compressedBytes,
  ];
}

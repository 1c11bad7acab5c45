import type { EntryTable } from '../zip/entry-table.js';
import { readHeld } from '../zip/read-entry.js';
import type { RandomAccessSource } from '../zip/source.js';
import { LARGEST_LOCAL_HEADER_BYTES } from '../zip/zip-format.js';
import { toTextError } from './damaged-entry.js';

/** Version and summary are small; anything larger under their names is not ours, and parsing it would need gigabytes. */
const LARGEST_TEXT_BYTES = 4 << 20;

/**
 * Reads a small text entry.
 * @throws {DamagedArchiveError} when its data are not what its headers say
 */
export async function readText(
  source: RandomAccessSource,
  table: EntryTable,
  index: number,
): Promise<string> {
  try {
    if (table.size(index) > LARGEST_TEXT_BYTES) {
      throw new Error(`it claims ${table.size(index)} bytes`);
    }

    const start = table.headerOffset(index);

    const bytes = await source.read(
      start,
      Math.min(
        table.extentEnd(index) - start,
        LARGEST_LOCAL_HEADER_BYTES + table.compressedSize(index),
      ),
    );

    return readHeld(bytes, table, index).toString('utf8');
  } catch (error) {
    throw toTextError(error, source.name, table.name(index));
  }
}

import type { EntryTable } from '../zip/entry-table.js';
import { readHeld } from '../zip/read-entry.js';
import type { RandomAccessSource } from '../zip/source.js';
import {
  LARGEST_LOCAL_HEADER_BYTES,
  LOCAL_FIXED_BYTES,
} from '../zip/zip-format.js';
import { toTextError } from './damaged-entry.js';

/** Version and summary are small; anything larger under their names is not ours, and parsing it would need gigabytes. */
const LARGEST_TEXT_BYTES = 4 << 20;

/** Such a text has a short name. */
const USUAL_LOCAL_HEADER_BYTES = 1024;

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

    const bytes = await readRecord(source, table, index);

    return readHeld(bytes, table, index).toString('utf8');
  } catch (error) {
    throw toTextError(error, source.name, table.name(index));
  }
}

/** The local header and the data of an entry, and some bytes behind them. */
async function readRecord(
  source: RandomAccessSource,
  table: EntryTable,
  index: number,
): Promise<Buffer> {
  const start = table.headerOffset(index);
  const mostBytes = table.extentEnd(index) - start;
  const read = (headerBytes: number): Promise<Buffer> =>
    source.read(
      start,
      Math.min(mostBytes, headerBytes + table.compressedSize(index)),
    );

  const usual = await read(USUAL_LOCAL_HEADER_BYTES);
  const isUsual = localHeaderLength(usual) <= USUAL_LOCAL_HEADER_BYTES;

  return isUsual ? usual : read(LARGEST_LOCAL_HEADER_BYTES);
}

/** What a local header says that it takes, with name and extra fields (APPNOTE 4.3.7). */
function localHeaderLength(bytes: Buffer): number {
  if (bytes.length < LOCAL_FIXED_BYTES) return 0;

  // 26: length of the name; 28: length of the extra fields
  return LOCAL_FIXED_BYTES + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
}

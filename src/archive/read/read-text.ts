import { crc32, inflateRawSync } from 'node:zlib';
import { DamagedArchiveError, KmsError, messageOf } from '../../errors.js';
import type { EntryTable } from '../zip/entry-table.js';
import { checkLocalHeader } from '../zip/local-header.js';
import { isReadFailure, type RandomAccessSource } from '../zip/source.js';
import { METHOD_DEFLATED } from '../zip/zip-format.js';

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

    const bytes = Math.min(
      table.extentEnd(index) - start,
      table.compressedSize(index) + 30 + 2 * 65_535,
    );

    const entry = await source.read(start, bytes);
    const dataStart = checkLocalHeader(entry, table, index);

    const data = entry.subarray(
      dataStart,
      dataStart + table.compressedSize(index),
    );

    const options = { maxOutputLength: Math.max(1, table.size(index)) };

    const text =
      table.method(index) === METHOD_DEFLATED
        ? inflateRawSync(data, options)
        : data;

    if (text.length !== table.size(index) || crc32(text) !== table.crc(index)) {
      throw new Error('its checksum is wrong');
    }

    return text.toString('utf8');
  } catch (error) {
    if (error instanceof KmsError || isReadFailure(error)) throw error;

    throw new DamagedArchiveError(
      `${source.name}: entry ${table.name(index)} is damaged: ${messageOf(error)}`,
      {
        hints: ['Verify the archive, and use another one.'],
        cause: error,
      },
    );
  }
}

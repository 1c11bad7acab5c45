import type { EntryTable } from './entry-table.js';
import { setExtents } from './entry-extents.js';
import {
  parsePlainCentralDirectory,
  readCentralDirectory,
} from './plain-central-directory.js';
import type { RandomAccessSource } from './source.js';

/** The entries of a volume, and the bytes of its central directory. */
export interface VolumeEntries {
  readonly table: EntryTable;
  readonly centralDirectory: Buffer;
}

/**
 * The entries of one volume, whatever tool wrote it, with the extent of each.
 * @throws {DamagedArchiveError} when the volume is no zip file or its structure contradicts itself
 */
export async function readEntries(
  source: RandomAccessSource,
): Promise<VolumeEntries> {
  const plainBytes = await readCentralDirectory(source);
  const plain = plainBytes && parsePlainCentralDirectory(plainBytes);

  if (plain) {
    return {
      table: setExtents(plain, plainBytes.offset, source.name),
      centralDirectory: plainBytes.bytes,
    };
  }

  const { readOddCentralDirectory } =
    await import('./odd-central-directory.js');
  const odd = await readOddCentralDirectory(source);

  return {
    table: setExtents(odd.table, odd.offset, source.name),
    centralDirectory: odd.centralDirectory,
  };
}

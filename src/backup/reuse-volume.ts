import { createHash } from 'node:crypto';
import {
  openVolumeFile,
  type VolumeFileInfo,
} from '../archive/backup-directory.js';
import { readEntries } from '../archive/zip/central-directory.js';
import type { EntryTable } from '../archive/zip/entry-table.js';

/** A volume that is copied out of, with its central directory in memory. */
export interface ReadVolume {
  readonly table: EntryTable;
  /** SHA-256 of its central directory, hexadecimal. */
  readonly digest: string;
}

/** @throws {DamagedArchiveError} when its structure is broken · {Error} the operating system's */
export async function readVolume(file: VolumeFileInfo): Promise<ReadVolume> {
  const source = await openVolumeFile(file);

  try {
    const { table, centralDirectory } = await readEntries(source);
    const hash = createHash('sha256').update(centralDirectory);

    return { table, digest: hash.digest('hex') };
  } finally {
    source.close();
  }
}

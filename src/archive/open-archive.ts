import { createHash } from 'node:crypto';
import { DamagedArchiveError } from '../errors.js';
import { combineDigests } from './archive-facts.js';
import type { ArchiveFiles, VolumeFileInfo } from './backup-directory.js';
import { readEntries } from './central-directory.js';
import type { EntryTable } from './entry-table.js';
import { openFileSource } from './source.js';

/** One volume with its entries. */
export interface OpenVolume {
  readonly file: VolumeFileInfo;
  readonly table: EntryTable;
  /** SHA-256 of its central directory, hexadecimal. */
  readonly digest: string;
}

/** An archive whose central directories have been read. */
export interface OpenArchive {
  readonly files: ArchiveFiles;
  readonly volumes: readonly OpenVolume[];
  readonly digest: string;
}

/** Reads the entries of one volume. @throws {DamagedArchiveError} when its structure is broken */
export async function openVolume(file: VolumeFileInfo): Promise<OpenVolume> {
  const source = openFileSource(file.path, file.name);
  try {
    const { table, directory } = await readEntries(source);
    return { file, table, digest: createHash('sha256').update(directory).digest('hex') };
  } finally {
    source.close();
  }
}

/**
 * Reads every central directory of an archive, and no data.
 * @throws {DamagedArchiveError} when a volume is missing or its structure is broken
 */
export async function openArchive(files: ArchiveFiles): Promise<OpenArchive> {
  if (files.missingVolumes.length > 0) {
    throw new DamagedArchiveError(`${files.stem}: volume ${files.missingVolumes[0] ?? 0} is missing`, {
      hints: ['Copy all volumes of the archive into one directory.'],
    });
  }
  const opened = await Promise.allSettled(files.volumes.map(openVolume));
  const volumes = opened.map((volume) => {
    if (volume.status === 'rejected') throw volume.reason;
    return volume.value;
  });
  return { files, volumes, digest: combineDigests(volumes.map(({ digest }) => digest)) };
}

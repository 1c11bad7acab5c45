import type { ArchiveFacts } from '../archive/archive-facts.js';
import type { ArchiveFiles } from '../archive/backup-directory.js';
import { checkVolumes } from '../archive/check-structure.js';
import {
  combineDigests,
  openVolume,
  type OpenVolume,
  rememberDigest,
} from '../archive/open-archive.js';
import { DirectoryCounter } from '../archive/zip/directory-levels.js';
import { BaseIndex } from './base-index.js';

/** A full whose directories are known. */
export interface IndexedFull {
  readonly files: ArchiveFiles;
  readonly digest: string;
  readonly index: BaseIndex;
}

/**
 * Reads the central directories of a full, one volume after the other, and keeps what is to be known of each directory.
 * @throws {DamagedArchiveError} when the structure of one is broken, or it is another archive's
 */
export async function indexFull({
  files,
  summary,
}: ArchiveFacts): Promise<IndexedFull> {
  const index = new BaseIndex(files.takenAt);
  const directories = new DirectoryCounter(files);
  const volumes: Pick<OpenVolume, 'file' | 'digest'>[] = [];

  for (const volume of files.volumes) {
    const { file, table, digest } = await openVolume(volume);
    directories.add(table);
    volumes.push({
      file,
      digest,
    });
    index.add(table, file);
  }

  directories.refuseTooMany();
  if (summary) {
    checkVolumes(
      {
        files,
        volumes,
      },
      summary,
    );
  }

  const digest = combineDigests(volumes.map((volume) => volume.digest));
  rememberDigest(files, digest);

  return {
    files,
    digest,
    index,
  };
}

import type { ArchiveFacts } from '../archive/archive-facts.js';
import { checkVolumes } from '../archive/check-structure.js';
import {
  combineDigests,
  type OpenArchive,
  openVolume,
  type OpenVolume,
  rememberDigest,
} from '../archive/open-archive.js';
import { DirectoryCounter } from '../archive/zip/directory-levels.js';
import { BaseIndex } from './base-index.js';

/** A full whose directories are known. */
export interface IndexedFull extends OpenArchive {
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
  const volumes: OpenVolume[] = [];

  for (const file of files.volumes) {
    const volume = await openVolume(file);
    directories.add(volume.table);
    index.add(volume.table, file);
    volumes.push(volume);
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
    volumes,
    digest,
    index,
  };
}

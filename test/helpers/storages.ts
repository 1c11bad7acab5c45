/** Archives as the product finds them, for tests that look into one. */
import {
  type ArchiveFiles,
  findArchiveFiles,
  type VolumeFileInfo,
} from '../../src/archive/backup-directory.js';
import { locateArchives } from '../../src/archive/storages.js';

/** The archive that `path` is a volume of. */
export function archiveFilesAt(path: string): Promise<ArchiveFiles> {
  const { storage, fileName = '' } = locateArchives(path);

  return findArchiveFiles(storage, fileName);
}

/** Where a volume lies on the disk. */
export function volumePath({ storage, storedAs }: VolumeFileInfo): string {
  return storage.pathOf(storedAs);
}

import type { Catalogue } from '../archive/backup-directory.js';
import type { ArchiveType } from '../archive/names.js';
import { NoSpaceError } from '../errors.js';
import { formatSize } from '../platform/units.js';

/**
 * Refuses to start a backup that cannot end well, judged by the last one of its kind.
 * @throws {NoSpaceError} when less is free than half of what the last one took
 */
export async function checkFreeSpace(
  { storage, archives }: Catalogue,
  type: ArchiveType,
): Promise<void> {
  const place = storage.spool ?? storage;
  const space = await place.freeSpace();

  const last = archives.findLast(
    (archive) =>
      (archive.type === 'differential') === (type === 'differential'),
  );

  if (!space || !last || space.freeBytes >= last.sizeBytes / 2) return;

  throw new NoSpaceError(
    `${formatSize(space.freeBytes)} are free in ${place.name}, the last archive of this kind took ${formatSize(last.sizeBytes)}`,
    { hints: ['Free space there, or lower the number of kept backups.'] },
  );
}

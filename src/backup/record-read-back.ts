import { type Catalogue, storedNameOf } from '../archive/backup-directory.js';
import { parseVolumeName } from '../archive/names.js';
import type { Storage, WrittenVolume } from '../archive/storage.js';
import { recordVerified } from '../archive/verified-record.js';
import { messageOf } from '../errors.js';
import type { BackupReport } from './request.js';

/**
 * An archive that was read back is proven: rotation may count on it. The archive stands whether that can be written down or not; where
 * it cannot, it counts as not verified.
 * @param catalogue as it was before the archive was published
 * @param written its volumes
 * @returns a warning where it could not be recorded
 */
export async function recordReadBack(
  { storage, archives }: Catalogue,
  report: BackupReport,
  written: readonly WrittenVolume[],
): Promise<string[]> {
  try {
    const stem = parseVolumeName(report.archive)?.stem ?? '';

    const entry = {
      at: report.finishedAt.toISOString(),
      isSound: true,
      by: 'backup' as const,
      sizeBytes: await measure(storage, report.volumes),
      volumeCrcs: written.map((volume) => volume.crc()),
    };

    await recordVerified(
      storage,
      new Map([[stem, entry]]),
      new Set([...archives.map((archive) => archive.stem), stem]),
    );

    return [];
  } catch (error) {
    return [
      `that ${report.archive} was read back could not be recorded, so rotation does not count it: ${messageOf(error)}`,
    ];
  }
}

/** The bytes of all volumes, as they lie there now. */
async function measure(
  storage: Storage,
  volumes: readonly string[],
): Promise<number> {
  let sizeBytes = 0;

  for (const name of volumes) {
    const file = await storage.stat(storedNameOf(storage, name));
    if (!file) throw new Error(`the listing of ${storage.name} lacks it`);

    sizeBytes += file.sizeBytes;
  }

  return sizeBytes;
}

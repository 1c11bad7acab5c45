import { archiveName } from '../archive/names.js';
import { listArchiveFiles } from '../archive/backup-directory.js';
import { recordVerified } from '../archive/verified-record.js';
import { messageOf } from '../errors.js';
import type { BackupReport, BackupRequest } from './request.js';

/**
 * What was read back is proven: rotation may count on it. The archive stands whether that can be written down or not; where
 * it cannot, it counts as not verified.
 * @returns a warning where it could not be recorded
 */
export function recordReadBack(
  { backupDir }: BackupRequest,
  report: BackupReport,
): string[] {
  try {
    const archives = listArchiveFiles(backupDir);
    const own = archives.find(
      ({ stem }) => archiveName(stem) === report.archive,
    );
    if (!own) throw new Error(`the listing of ${backupDir} lacks it`);

    const entry = {
      at: report.finishedAt.toISOString(),
      isSound: true,
      sizeBytes: own.sizeBytes,
    };

    recordVerified(
      backupDir,
      new Map([[own.stem, entry]]),
      new Set(archives.map(({ stem }) => stem)),
    );

    return [];
  } catch (error) {
    return [
      `that ${report.archive} was read back could not be recorded, so rotation does not count it: ${messageOf(error)}`,
    ];
  }
}

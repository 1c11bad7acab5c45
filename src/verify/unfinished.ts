/** Archives that the mail server itself may be writing at this moment: it takes no lock of this program. Pure. */
import type { ArchiveFiles } from '../archive/backup-directory.js';
import type { VerifiedRecord } from '../archive/verified-record.js';
import type { VerifyReport } from '../archive/verify.js';

/** What nobody wrote to for so long was cut off. */
const YOUNG_MS = 15 * 60_000;

/**
 * Says whether what looks like damage may be an archive that is not written to its end. Those of this program have their names
 * when they are whole, and are recorded; a clock that is wrong makes none of last night's young.
 * @param startedAt when the archives were listed
 */
export function mayBeUnfinished(
  report: VerifyReport,
  { stem, volumes }: ArchiveFiles,
  {
    record,
    startedAt,
  }: { readonly record: VerifiedRecord; readonly startedAt: Date },
): boolean {
  const { isIntact, isSealed, unread } = report;
  const isDamaged = !isIntact && !isSealed && unread.length === 0;
  const isLocal = volumes.every(
    ({ storage }) => storage.localDirectory !== undefined,
  );
  if (!isDamaged || !isLocal || record.get(stem)) return false;

  const writtenMs = Math.max(...volumes.map(({ mtimeMs }) => mtimeMs));

  return Math.abs(startedAt.getTime() - writtenMs) < YOUNG_MS;
}

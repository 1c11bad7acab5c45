/** Archives that the mail server itself may be writing at this moment: it takes no lock of this program. Pure. */
import type { ArchiveFiles } from '../archive/backup-directory.js';
import type { VerifiedRecord } from '../archive/verified-record.js';
import type { VerifyReport } from '../archive/verify.js';

/** What nobody wrote to for so long was cut off. */
const YOUNG_MS = 15 * 60_000;

/** What is known of the place. */
interface Known {
  readonly record: VerifiedRecord;
  /** When its archives were listed. */
  readonly startedAt: Date;
}

/** Says whether what a verify calls damage may be an archive that is not written to its end. */
export function mayBeUnfinished(
  { isIntact, isSealed, unread }: VerifyReport,
  files: ArchiveFiles,
  known: Known,
): boolean {
  const isDamaged = !isIntact && !isSealed && unread.length === 0;

  return isDamaged && isNewHere(files, known);
}

/**
 * Says whether a mail server may be writing an archive. Those of this program have their names when they are whole, and are
 * recorded; a clock that is wrong makes none of last night's young.
 */
export function isNewHere(
  { stem, volumes }: ArchiveFiles,
  { record, startedAt }: Known,
): boolean {
  const isLocal = volumes.every(
    ({ storage }) => storage.localDirectory !== undefined,
  );
  if (!isLocal || record.get(stem)) return false;

  const writtenMs = Math.max(...volumes.map(({ mtimeMs }) => mtimeMs));

  return Math.abs(startedAt.getTime() - writtenMs) < YOUNG_MS;
}

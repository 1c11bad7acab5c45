/** Which archives are verified first where there is not time for all. Pure. */
import type { ArchiveFiles } from '../archive/backup-directory.js';
import type {
  VerifiedEntry,
  VerifiedRecord,
} from '../archive/verified-record.js';

/**
 * Those that nobody ever proved come first, then those that only their backup read back, then by the age of the proof; what
 * is known to be damaged comes last.
 * @param onlyUnverified without those that a verify, or a drill of everything, found sound
 */
export function orderForVerify(
  archives: readonly ArchiveFiles[],
  record: VerifiedRecord,
  onlyUnverified: boolean,
): ArchiveFiles[] {
  return archives
    .map((files) => ({ files, entry: entryOf(files, record) }))
    .filter(({ entry }) => !onlyUnverified || !isVerified(entry))
    .sort((a, b) => (keyOf(a.entry) < keyOf(b.entry) ? -1 : 1))
    .map(({ files }) => files);
}

/** The record of these very files. */
function entryOf(
  { stem, sizeBytes }: ArchiveFiles,
  record: VerifiedRecord,
): VerifiedEntry | undefined {
  const entry = record.get(stem);

  return entry?.sizeBytes === sizeBytes ? entry : undefined;
}

/** A record of an earlier version does not say who proved the archive: it may have been read back only. */
function isVerified(entry: VerifiedEntry | undefined): boolean {
  return (
    entry?.isSound === true && (entry.by === 'verify' || entry.by === 'drill')
  );
}

function keyOf(entry: VerifiedEntry | undefined): string {
  if (!entry) return '0';
  if (!entry.isSound) return `3 ${entry.at}`;

  return `${isVerified(entry) ? '2' : '1'} ${entry.at}`;
}

/** What the backups hold of the mail archive, in words. Pure. */
import { formatWeekdayMoment } from '../platform/dates.js';

export interface MailArchiveStatus {
  /** Says whether every backup is to take it: [backup] include-archive. */
  readonly isAsked: boolean;
  /** Says whether the newest point that can be recovered was made of it too. */
  readonly isInNewest: boolean;
  /** The newest point that can be recovered. */
  readonly point: string | undefined;
  /** The newest archive that can be recovered and was made of it. */
  readonly newest: string | undefined;
  readonly takenAt: Date | undefined;
  /** Why the newest point has none, as the run said that made it. */
  readonly fault: string | undefined;
}

/** `in the newest backup, I20261127T000002Z.zip`, or where it was last. */
export function describeMailArchive(found: MailArchiveStatus): string {
  return found.isInNewest
    ? `in the newest backup, ${found.point ?? ''}`
    : describeAbsence(found);
}

/** `is not in the newest backup, I20261127T000002Z.zip: it is empty; it was last in …`. */
export function describeAbsence({
  point,
  fault,
  ...last
}: MailArchiveStatus): string {
  if (point === undefined) return 'is in no backup';

  const reason = fault === undefined ? '' : `: ${fault}`;

  return `is not in the newest backup, ${point}${reason}; ${describeLast(last)}`;
}

function describeLast({
  newest,
  takenAt,
}: Pick<MailArchiveStatus, 'newest' | 'takenAt'>): string {
  return newest === undefined || !takenAt
    ? 'no archive holds it'
    : `it was last in ${newest}, ${formatWeekdayMoment(takenAt)}`;
}

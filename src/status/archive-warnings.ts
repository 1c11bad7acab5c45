/** What is wrong with the archives and their place. */
import { formatAge, formatSize } from '../platform/units.js';
import type { StatusArchive, StatusFacts } from './status-report.js';
import { critical, type StatusWarning, warning } from './warning.js';

/** A clock may differ a little between the machines that write and read. */
const FUTURE_TOLERANCE_MS = 5 * 60_000;

/** Why the backup directory seems to be another one than that of the archives, and what else is odd about it. */
export interface PlaceFindings {
  readonly fault: string | undefined;
  readonly warning: string | undefined;
}

export function archiveWarnings(
  facts: StatusFacts,
  archives: readonly StatusArchive[],
  {
    maxAgeMs,
    place,
  }: { readonly maxAgeMs: number | undefined; readonly place: PlaceFindings },
): StatusWarning[] {
  // Of another disk than the right one nothing else is said.
  const faults =
    place.fault === undefined ? archiveFaults(facts, maxAgeMs) : [place.fault];

  return [
    ...faults.map(critical),
    ...archiveRemarks(facts, archives).map(warning),
    ...(place.warning === undefined ? [] : [warning(place.warning)]),
  ];
}

function archiveFaults(
  facts: StatusFacts,
  maxAgeMs: number | undefined,
): string[] {
  if (!facts.isThere) {
    return [`the backup directory ${facts.backupDir} does not exist`];
  }

  if (facts.archives === 0) return ['there is no archive at all'];
  if (!facts.newestRecoverable) return ['no archive can be recovered'];

  const { ageMs, name } = facts.newestRecoverable;
  if (maxAgeMs === undefined || ageMs <= maxAgeMs) return [];

  return [
    `the newest recoverable archive ${name} is ${formatAge(ageMs)} old, more than ${formatAge(maxAgeMs)}`,
  ];
}

function archiveRemarks(
  facts: StatusFacts,
  archives: readonly StatusArchive[],
): string[] {
  const bad = archives.filter(
    ({ isRecoverable, isBeingWritten }) => !isRecoverable && !isBeingWritten,
  );
  const lacking = archives.filter(({ lacks }) => lacks.length > 0);
  const future = archives.filter(({ ageMs }) => ageMs < -FUTURE_TOLERANCE_MS);
  const newest = archives.findLast(({ isBeingWritten }) => !isBeingWritten);

  return [
    ...bad.map(describeBad),
    ...lacking.map(
      ({ name, lacks }) =>
        `${name} lacks ${lacks.join(', ')}: it is no complete backup`,
    ),
    ...future.map(
      ({ name }) => `${name} is dated in the future: a clock is wrong`,
    ),
    ...spaceWarnings(facts),
    ...(newest && !newest.verifiedAt
      ? [`${newest.name} was never verified; run verify`]
      : []),
  ];
}

function spaceWarnings({ last, freeBytes }: StatusFacts): string[] {
  const fullBytes = last.full?.sizeBytes ?? last.copy?.sizeBytes ?? 0;
  if (freeBytes === undefined || freeBytes >= fullBytes) return [];

  return [
    `${formatSize(freeBytes)} free, the last full backup took ${formatSize(fullBytes)}`,
  ];
}

function describeBad({
  name,
  fault,
  isPartlyRecoverable,
}: StatusArchive): string {
  const extent = isPartlyRecoverable
    ? 'can be recovered in part only'
    : 'cannot be recovered';

  return `${name} ${extent}: ${fault ?? 'its base is missing'}`;
}

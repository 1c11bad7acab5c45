/** The name of a new archive, told by those that are there. Pure. */
import type { ArchiveFiles } from '../archive/backup-directory.js';
import {
  type ArchiveType,
  type DifferentialLetter,
  formatStem,
} from '../archive/names.js';
import { FailedError } from '../errors.js';

/** A clock may be this far behind the newest archive: two runs in one second get names of two seconds. */
const CLOCK_TOLERANCE_MS = 5000;

/**
 * The name of a new archive: its start in UTC, later than that of every archive there, since "newest" decides what is
 * recovered. Example: with `F20060118T220007Z.zip` there, a run in the same second becomes `F20060118T220008Z`.
 * @param archives oldest first
 * @throws {FailedError} when the clock was set back behind the newest archive
 */
export function chooseStem(
  archives: readonly ArchiveFiles[],
  type: ArchiveType,
  startedAt: Date,
  letter: DifferentialLetter,
): { stem: string; takenAt: Date } {
  const newest = archives.at(-1);
  const startMs = Math.floor(startedAt.getTime() / 1000) * 1000;
  const afterMs = newest ? newest.takenAt.getTime() + 1000 : 0;

  if (newest && afterMs - startMs > CLOCK_TOLERANCE_MS) {
    throw new FailedError(
      `the clock says ${startedAt.toISOString()}, but ${newest.stem}.zip is newer: a new archive would not be the newest`,
      {
        hints: [
          'Set the clock right.',
          'If that archive carries a wrong date, move it to another directory.',
        ],
      },
    );
  }

  const takenAt = new Date(Math.max(startMs, afterMs));

  return { stem: formatStem(type, takenAt, letter), takenAt };
}

/** `D` where there already are differentials of that letter: what the server of that directory expects. */
export function chooseLetter(
  archives: readonly ArchiveFiles[],
): DifferentialLetter {
  return archives.some(({ stem }) => stem.startsWith('D')) ? 'D' : 'I';
}

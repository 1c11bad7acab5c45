import { TimePrecision } from './zip/entry-table.js';
import { toLocalWall } from '../platform/clock.js';
import { floorDivide, isAsSet, msOfTicks } from '../platform/file-times.js';

/** A file's time beside the one that an archive has of it. Pure but for the time zone. */

/**
 * Says whether a file has the time that its entry says, as finely as the entry says it:
 * 100 ns where it carries NTFS times, or what a recover with any Node could set of them; whole seconds; or, for
 * entries that the server wrote, 2 s of the local wall clock, so that a file of the hour that a clock change repeats
 * compares equal in both.
 */
export function isSameTime(
  fileTicks: bigint,
  entryTicks: bigint,
  precision: TimePrecision,
): boolean {
  if (precision === TimePrecision.tick) return isAsSet(fileTicks, entryTicks);

  if (precision === TimePrecision.second) {
    return (
      floorDivide(fileTicks, 10_000_000n) ===
      floorDivide(entryTicks, 10_000_000n)
    );
  }

  return (
    Math.abs(
      toLocalWall(msOfTicks(fileTicks)) - toLocalWall(msOfTicks(entryTicks)),
    ) <= 2000
  );
}

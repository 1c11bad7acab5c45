import { TimePrecision } from '../archive/entry-table.js';
import { toLocalWall } from '../platform/clock.js';

/** A file's time beside the one that an archive has of it. Pure but for the time zone. */

/**
 * Whether a file has the time that its entry says, as finely as the entry says it:
 * 100 ns where it carries NTFS times, or the microsecond that a recover could set of them; whole seconds; or, for
 * entries that the server wrote, 2 s of the local wall clock, so that a file of the hour that a clock change repeats
 * compares equal in both.
 */
export function isSameTime(fileNs: bigint, entryTicks: bigint, precision: TimePrecision): boolean {
  if (precision === TimePrecision.tick) {
    const apartNs = fileNs - entryTicks * 100n;
    return (apartNs >= 0n && apartNs < 100n) || fileNs === floorDivide(entryTicks, 10n) * 1000n;
  }
  if (precision === TimePrecision.second)
    return floorDivide(fileNs, 1_000_000_000n) === floorDivide(entryTicks, 10_000_000n);
  const entryMs = Number(entryTicks / 10_000n);
  return Math.abs(toLocalWall(Number(fileNs / 1_000_000n)) - toLocalWall(entryMs)) <= 2000;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}

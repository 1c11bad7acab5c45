import {
  type BigIntStats,
  fstatSync,
  futimesSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { optionally } from './optional-calls.js';

/**
 * Times of files, in ticks of 100 ns since 1970-01-01 UTC, before it negative. Setting and comparing are one rule each, the same
 * on every Node: what one sets, another knows again.
 */

/** What 64 bits hold of ticks since 1601, as archives have them, and since 1970. */
const FIRST_TICKS = -(1n << 63n);
export const LAST_TICKS = (1n << 63n) - 1n - 116_444_736_000_000_000n;

/** A file's modification time, rounded down; one beyond the year 30828 is the last that an archive can say. */
export function ticksOf({ mtimeNs }: Pick<BigIntStats, 'mtimeNs'>): bigint {
  const ticks = floorDivide(mtimeNs, 100n);
  if (ticks > LAST_TICKS) return LAST_TICKS;
  return ticks < FIRST_TICKS ? FIRST_TICKS : ticks;
}

/** As ticks, rounded down, in milliseconds: what a Date takes. */
export function msOfTicks(ticks: bigint): number {
  return Number(floorDivide(ticks, 10_000n));
}

/** A Date's milliseconds as ticks. */
export function ticksOfMs(ms: number): bigint {
  return BigInt(Math.floor(ms)) * 10_000n;
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}

/**
 * Gives a file both times, to the microsecond. Where its file system sets none, that is noted once a run. Where the time is unusual,
 * outside of what every file system keeps (1980 to 2037), it is looked at what became of it.
 * @param fd the file's descriptor, where it is open
 * @returns false where the file has another time now
 * @throws {Error} the operating system's
 */
export function giveTime(path: string, ticks: bigint, fd?: number): boolean {
  // As a number, Node takes a time before 1970 for the present; as text it takes every time for what it is.
  const time = String(settableSeconds(ticks));
  const isDone = optionally('time', path, () => {
    if (fd === undefined) utimesSync(path, time, time);
    else futimesSync(fd, time, time);
  });

  if (!isDone || (ticks >= FIRST_USUAL_TICKS && ticks < LAST_USUAL_TICKS)) {
    return true;
  }

  const stats =
    fd === undefined
      ? statSync(path, { bigint: true })
      : fstatSync(fd, { bigint: true });

  return isAsSet(ticksOf(stats), ticks);
}

/** 1980-01-02 and 2038-01-01. */
const FIRST_USUAL_TICKS = 3_156_192_000_000_000n;
const LAST_USUAL_TICKS = 21_459_168_000_000_000n;

/** Whether a file's time is what `giveTime` makes of a time, on any Node: none of them sets 100 ns. */
export function isAsSet(fileTicks: bigint, ticks: bigint): boolean {
  if (fileTicks === ticks) return true;
  const nanoseconds = nanosecondsSet(settableSeconds(ticks));
  // Whole microseconds, cut off towards 1970, or all that the double has.
  return (
    fileTicks === (nanoseconds / 1000n) * 10n ||
    fileTicks === floorDivide(nanoseconds, 100n)
  );
}

/**
 * The double that becomes the time's whole microsecond. Up to Node 22 the system gets microseconds, cut off towards 1970;
 * since Node 24 nanoseconds, as finely as a double has them (240 ns today, 2 µs from 2242 on). So it is the first double that does
 * not lie short of the microsecond. Windows takes ticks.
 */
function settableSeconds(ticks: bigint): number {
  if (process.platform === 'win32') return Number(ticks) / 1e7;
  const micros = floorDivide(ticks, 10n);
  const nearest = Number(micros) / 1e6;
  const set = nanosecondsSet(nearest);
  const isShort = micros < 0n ? set > micros * 1000n : set < micros * 1000n;
  return isShort ? nextAwayFromZero(nearest) : nearest;
}

/** What libuv hands to the system for a time in seconds (uv__fs_to_timespec, and on Windows uv__time_to_filetime). */
function nanosecondsSet(seconds: number): bigint {
  if (process.platform === 'win32') {
    return (
      (BigInt(Math.trunc(seconds * 1e7 + WINDOWS_EPOCH_TICKS)) -
        BigInt(WINDOWS_EPOCH_TICKS)) *
      100n
    );
  }

  const whole = Math.trunc(seconds);

  return (
    BigInt(whole) * 1_000_000_000n + BigInt(Math.trunc((seconds - whole) * 1e9))
  );
}

/** From 1601 to 1970. */
const WINDOWS_EPOCH_TICKS = 116_444_736_000_000_000;

function nextAwayFromZero(value: number): number {
  const bits = new BigInt64Array(1);
  const double = new Float64Array(bits.buffer);
  double[0] = value;
  bits[0] = (bits[0] ?? 0n) + 1n;
  return double[0];
}

import {
  type BigIntStats,
  fstatSync,
  futimesSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { optionally } from './optional-calls.js';

/**
 * Times of files, in ticks of 100 ns since 1970-01-01 UTC; earlier times are negative. One rule sets a time and one rule
 * compares times, the same on every Node: the time that one version sets, another recognises.
 */

/** The range of ticks that fit into 64 bits both since 1601, as archives write them, and since 1970. */
const FIRST_TICKS = -(1n << 63n);
export const LAST_TICKS = (1n << 63n) - 1n - 116_444_736_000_000_000n;

/** Returns a file's modification time, rounded down, or the last time that an archive can hold (year 30828). */
export function ticksOf({ mtimeNs }: Pick<BigIntStats, 'mtimeNs'>): bigint {
  const ticks = floorDivide(mtimeNs, 100n);
  if (ticks > LAST_TICKS) return LAST_TICKS;
  return ticks < FIRST_TICKS ? FIRST_TICKS : ticks;
}

/** Converts ticks to milliseconds, rounded down, for a Date. */
export function msOfTicks(ticks: bigint): number {
  return Number(floorDivide(ticks, 10_000n));
}

/** Converts a Date's milliseconds to ticks. */
export function ticksOfMs(ms: number): bigint {
  return BigInt(Math.floor(ms)) * 10_000n;
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}

/**
 * Sets both times of a file, to the microsecond. The run notes once that a file system sets no times. A time outside of 1980
 * to 2037, which not every file system keeps, is read back.
 * @param fd the file's descriptor, where it is open
 * @returns false where the file has another time afterwards
 * @throws {Error} the operating system's
 */
export function giveTime(path: string, ticks: bigint, fd?: number): boolean {
  const seconds = settableSeconds(ticks);
  // Node replaces a negative number by the present time, and takes a text as it is.
  const time = seconds < 0 ? String(seconds) : seconds;
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

/** Says whether a file's time is the one that `giveTime` sets for `ticks`, on any Node: no version sets 100 ns. */
export function isAsSet(fileTicks: bigint, ticks: bigint): boolean {
  if (fileTicks === ticks) return true;
  const nanoseconds = nanosecondsSet(settableSeconds(ticks));
  // Up to Node 22 whole microseconds, cut off towards 1970; from Node 24 the nanoseconds of the double.
  return (
    fileTicks === (nanoseconds / 1000n) * 10n ||
    fileTicks === floorDivide(nanoseconds, 100n)
  );
}

/**
 * Returns the seconds that become the time's whole microsecond. Up to Node 22 the system gets microseconds, cut off towards
 * 1970; since Node 24 nanoseconds, as finely as a double holds them (240 ns today, 2 µs from 2242 on). So the result is the
 * first double that is not short of the microsecond. Windows takes ticks.
 */
function settableSeconds(ticks: bigint): number {
  if (process.platform === 'win32') return Number(ticks) / 1e7;
  const micros = floorDivide(ticks, 10n);
  const nearest = Number(micros) / 1e6;
  const nanos = nanosecondsSet(nearest);
  const wanted = micros * 1000n;
  const isShort = micros < 0n ? nanos > wanted : nanos < wanted;
  return isShort ? nextAwayFromZero(nearest) : nearest;
}

/** Returns libuv's nanoseconds for a time in seconds (uv__fs_to_timespec, and on Windows uv__time_to_filetime). */
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

/** Ticks from 1601 to 1970. */
const WINDOWS_EPOCH_TICKS = 116_444_736_000_000_000;

function nextAwayFromZero(value: number): number {
  const bits = new BigInt64Array(1);
  const double = new Float64Array(bits.buffer);
  double[0] = value;
  bits[0] = (bits[0] ?? 0n) + 1n;
  return double[0];
}

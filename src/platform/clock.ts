/** The only place that asks the machine for the time: everything else is handed a `Clock`. */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();

/** The instant that local calendar fields name in this process's time zone; a skipped hour moves forward. */
export function dateFromLocal(
  fields: readonly [number, number, number, number, number, number],
): Date {
  const [year, month, day, hour, minute, second] = fields;
  return new Date(year, month - 1, day, hour, minute, second);
}

/** A monotonic reading in milliseconds, for durations only. */
export function monotonicMs(): number {
  return performance.now();
}

/** The reading of the local wall clock at an instant, as milliseconds of a calendar without clock changes. */
export function toLocalWall(ms: number): number {
  return ms - new Date(ms).getTimezoneOffset() * 60_000;
}

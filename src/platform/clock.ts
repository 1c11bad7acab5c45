/** The machine's clocks. No other file asks the machine for the time: every function that needs it gets a `Clock`. */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();

/** Returns the instant of a local date and time; a time in a skipped hour moves forward. */
export function dateFromLocal(
  fields: readonly [number, number, number, number, number, number],
): Date {
  const [year, month, day, hour, minute, second] = fields;
  return new Date(year, month - 1, day, hour, minute, second);
}

/** Returns a monotonic reading in milliseconds, for durations only. */
export function monotonicMs(): number {
  return performance.now();
}

/** Returns the local wall clock's reading at an instant, as milliseconds of a calendar without clock changes. */
export function toLocalWall(ms: number): number {
  return ms - new Date(ms).getTimezoneOffset() * 60_000;
}

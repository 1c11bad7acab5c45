/** Dates as people and logs read them. Pure, but for the process's time zone. */

export const MONTH_NAMES = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

/** `07`. */
export function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** `2026-11-22`, UTC. */
export function formatUtcDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** `2026-11-22 01:00`, UTC. */
export function formatUtcMinute(date: Date): string {
  return date.toISOString().slice(0, 16).replace('T', ' ');
}

/** `2026-11-22 01:00:03`, UTC. */
export function formatUtcSecond(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

/** `2026-11-23 02:00`, local time without its zone, for where that is named once for all. */
export function formatMinute(date: Date): string {
  const day = `${String(date.getFullYear())}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;

  return `${day} ${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
}

/** `2026-11-23 02:00:09 CET`, local time with its zone. */
export function formatMoment(date: Date): string {
  const zone = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' })
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName')?.value;

  return `${formatMinute(date)}:${twoDigits(date.getSeconds())} ${zone ?? ''}`.trimEnd();
}

/** `Sun 2026-11-29 01:00 CET`, local time with its zone. */
export function formatWeekdayMoment(date: Date): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }).formatToParts(date);

  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((candidate) => candidate.type === type)?.value ?? '';
  const day = `${part('weekday')} ${part('year')}-${part('month')}-${part('day')}`;

  return `${day} ${part('hour')}:${part('minute')} ${part('timeZoneName')}`;
}

/** The machine's time zone, for example `Europe/Prague`; UTC where nothing names one. */
export function machineTimeZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone as
    string | undefined;

  return zone === undefined || zone === 'Etc/Unknown' ? 'UTC' : zone;
}

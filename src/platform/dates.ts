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

/** `2026-11-22`, local time. */
export function formatDay(date: Date): string {
  return `${String(date.getFullYear())}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
}

/** `2026-11-23 02:00`, local time without its zone, for where that is named once for all. */
export function formatMinute(date: Date): string {
  return `${formatDay(date)} ${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
}

/** `2026-11-23 02:00 CET`, local time with its zone. */
export function formatZonedMinute(date: Date): string {
  return `${formatMinute(date)} ${zoneOf(date)}`.trimEnd();
}

/** `2026-11-23 02:00:09 CET`, local time with its zone. */
export function formatMoment(date: Date): string {
  return `${formatMinute(date)}:${twoDigits(date.getSeconds())} ${zoneOf(date)}`.trimEnd();
}

/** `CET` or `CEST`, as it is at that moment. */
function zoneOf(date: Date): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZoneName: 'short',
  }).formatToParts(date);

  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
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

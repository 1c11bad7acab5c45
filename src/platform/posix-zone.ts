/**
 * Time zones as POSIX writes them in TZ (IEEE 1003.1, 8.3): `CET-1CEST,M3.5.0,M10.5.0/3`. Pure.
 */

/** A rule of POSIX; hours count east of Greenwich, unlike in the text. */
export interface PosixZone {
  readonly standardMs: number;
  /** Undefined where the clock never changes. */
  readonly summer:
    | {
        readonly offsetMs: number;
        readonly from: YearDay;
        readonly to: YearDay;
      }
    | undefined;
}

/** A day of the year and the time on it, in milliseconds of the local clock before the change. */
interface YearDay {
  readonly dayOf: (year: number) => number;
  readonly timeMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NAME = '(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]+>)';
const TIME = '[+-]?\\d{1,3}(?::\\d{1,2}){0,2}';
const RULE = new RegExp(
  `^${NAME}(${TIME})(?:${NAME}(${TIME})?(?:,([^,]+),([^,]+))?)?$`,
);
const SUMMER = new RegExp(`^${NAME}${TIME}${NAME}`);

/** @returns undefined for what is no rule, and for one with summer time that does not say when it begins and ends */
export function parsePosixZone(text: string): PosixZone | undefined {
  const match = RULE.exec(text);
  if (!match) return undefined;

  const standardMs = -parseTime(match[1] ?? '0');
  if (!SUMMER.test(text)) return { standardMs, summer: undefined };

  const [from, to] = [parseDay(match[3]), parseDay(match[4])];
  if (!from || !to) return undefined;

  const offsetMs =
    match[2] === undefined ? standardMs + HOUR_MS : -parseTime(match[2]);

  return { standardMs, summer: { offsetMs, from, to } };
}

/** Returns the zone's distance from UTC at an instant, in milliseconds; east of Greenwich it is positive. */
export function offsetAt(
  { standardMs, summer }: PosixZone,
  ms: number,
): number {
  if (!summer) return standardMs;

  const [from, to] = changesOf(
    { standardMs, summer },
    new Date(ms + standardMs).getUTCFullYear(),
  );

  const isSummer = from < to ? ms >= from && ms < to : ms >= from || ms < to;

  return isSummer ? summer.offsetMs : standardMs;
}

/** The instants of a year at which summer time begins and ends; both infinite where the clock never changes. */
export function changesOf(
  { standardMs, summer }: PosixZone,
  year: number,
): [from: number, to: number] {
  if (!summer) return [Infinity, Infinity];

  const { from, to, offsetMs } = summer;

  return [
    from.dayOf(year) + from.timeMs - standardMs,
    to.dayOf(year) + to.timeMs - offsetMs,
  ];
}

/** `3`, `-1:30` in milliseconds. */
function parseTime(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text
    .replace(/^[+-]/, '')
    .split(':')
    .map(Number);
  const ms = hours * HOUR_MS + minutes * 60_000 + seconds * 1000;
  return text.startsWith('-') ? -ms : ms;
}

/** `M3.5.0` is the last Sunday of March, `J60` the first of March in every year, `59` the 60th day. */
function parseDay(text: string | undefined): YearDay | undefined {
  const match = new RegExp(
    `^(?:M(0?[1-9]|1[0-2])\\.([1-5])\\.([0-6])|(J?)(\\d{1,3}))(?:/(${TIME}))?$`,
  ).exec(text ?? '');
  if (!match) return undefined;

  const timeMs = parseTime(match[6] ?? '2');

  const [month, week, weekday, day] = [
    match[1],
    match[2],
    match[3],
    match[5],
  ].map(Number);

  if (match[1] !== undefined) {
    return {
      dayOf: (year) => weekdayOf(year, [month ?? 1, week ?? 1, weekday ?? 0]),
      timeMs,
    };
  }

  const isWithoutLeapDay = match[4] === 'J';
  const days = Number(match[5]);
  if (days > 365 || (isWithoutLeapDay && days === 0)) return undefined;

  if (!isWithoutLeapDay) {
    return {
      dayOf: (year) => Date.UTC(year, 0, 1) + (day ?? 0) * DAY_MS,
      timeMs,
    };
  }

  // Counted without the 29th of February: the days of 2001, which had none.
  const plain = new Date(Date.UTC(2001, 0, day));

  return {
    dayOf: (year) => Date.UTC(year, plain.getUTCMonth(), plain.getUTCDate()),
    timeMs,
  };
}

function weekdayOf(
  year: number,
  [month, week, weekday]: readonly [number, number, number],
): number {
  const first = new Date(Date.UTC(year, month - 1, 1));
  const day = 1 + ((weekday - first.getUTCDay() + 7) % 7) + (week - 1) * 7;
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return Date.UTC(year, month - 1, day > days ? day - 7 : day);
}

import { dateFromLocal } from '../platform/clock.js';
import { parseDuration } from '../platform/units.js';

const DAYS = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
];
/** Days before today. */
const DAY_WORDS: Readonly<Record<string, number>> = { today: 0, yesterday: 1 };

/**
 * Parses a time as people type it; undefined for any other text, for a 31st of February and for 24:30.
 * `2026-11-17` is the first moment of that day in this process's time zone, `2026-11-17 09:30` a local time,
 * `2026-11-17T09:30:00+01:00` and `2026-11-17T08:30Z` are RFC 3339 instants. `today`, `yesterday` and a weekday (`monday`, `mon`:
 * the newest one, today included) are first moments of days too, and `36h`, `7d`, `2w` are that long before `now`.
 */
export function parseQueryTime(text: string, now: Date): Date | undefined {
  const plain = text.trim().toLowerCase();

  return (
    parseCalendarTime(plain) ?? parseDay(plain, now) ?? parseAge(plain, now)
  );
}

/** A word for a day: its first moment. */
function parseDay(word: string, now: Date): Date | undefined {
  const daysAgo = DAY_WORDS[word] ?? daysSince(word, now.getDay());
  if (daysAgo === undefined) return undefined;

  const day = now.getDate() - daysAgo;
  return dateFromLocal([now.getFullYear(), now.getMonth() + 1, day, 0, 0, 0]);
}

function daysSince(word: string, today: number): number | undefined {
  const day = DAYS.findIndex((name) => name.startsWith(word));

  return word.length < 3 || day < 0 ? undefined : (today - day + 7) % 7;
}

/** A duration with its unit: that long ago. */
function parseAge(text: string, now: Date): Date | undefined {
  const ms = /^\d+$/.test(text) ? undefined : parseDuration(text);
  const time = new Date(now.getTime() - (ms ?? NaN));

  return Number.isNaN(time.getTime()) ? undefined : time;
}

function parseCalendarTime(text: string): Date | undefined {
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[t ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(z|[+-]\d{2}:\d{2})?)?$/.exec(
      text,
    );

  if (!match) return undefined;

  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((digits: string | undefined) => Number(digits ?? '0')) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];

  const midnight = new Date(Date.UTC(year, month - 1, day));
  const isRealDay =
    midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day;
  if (!isRealDay || hour > 23 || minute > 59 || second > 59) return undefined;

  const zone = match[7];
  if (zone === undefined) {
    return dateFromLocal([year, month, day, hour, minute, second]);
  }

  const wallMs = Date.UTC(year, month - 1, day, hour, minute, second);
  const offset = /^([+-])(\d{2}):(\d{2})$/.exec(zone);
  if (!offset) return new Date(wallMs);

  const [, sign, hours, minutes] = offset;
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000;

  return new Date(sign === '-' ? wallMs + offsetMs : wallMs - offsetMs);
}

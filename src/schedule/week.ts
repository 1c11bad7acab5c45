import { UsageError } from '../errors.js';
import { twoDigits } from '../platform/dates.js';

/** Days and times of the week, as people write them and as mailserver.cfg counts them. Pure. */

export const DAY_NAMES = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
] as const;

const GROUPS: Readonly<Record<string, readonly number[]>> = {
  daily: [1, 2, 3, 4, 5, 6, 7],
  weekdays: [1, 2, 3, 4, 5],
  weekend: [6, 7],
};

/**
 * Days of `mon`, `Sunday`, `daily`, `weekdays`, `weekend` or several of them with commas; 1 Monday … 7 Sunday, each once,
 * in that order. Example: `parseDays(['sun', 'mon'])` is [1, 7].
 * @throws {UsageError} naming the word that is no day
 */
export function parseDays(words: readonly string[]): number[] {
  const days = words
    .flatMap((word) => word.split(','))
    .flatMap((word) => parseDay(word.trim()));
  return [...new Set(days)].sort((a, b) => a - b);
}

function parseDay(word: string): readonly number[] {
  const lower = word.toLowerCase();
  const group = GROUPS[lower];
  if (group) return group;

  const index =
    lower.length < 2
      ? -1
      : DAY_NAMES.findIndex((name) => name.toLowerCase().startsWith(lower));

  if (index === -1) {
    throw new UsageError(`not a day: ${JSON.stringify(word)}`, {
      hints: [
        'Write mon, tue, wed, thu, fri, sat, sun, daily, weekdays or weekend.',
      ],
    });
  }

  return [index + 1];
}

/**
 * Seconds after midnight of `1:00`, `01:00` or `23:59:30`.
 * @throws {UsageError} for anything that no clock shows, such as `25:00`
 */
export function parseTime(text: string): number {
  const match = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text.trim());
  const [hour, minute, second] = [
    Number(match?.[1]),
    Number(match?.[2]),
    Number(match?.[3] ?? 0),
  ];

  if (!match || hour > 23 || minute > 59 || second > 59) {
    throw new UsageError(`not a time: ${JSON.stringify(text)}`, {
      hints: ['Write 00:00 to 23:59, local time.'],
    });
  }

  return hour * 3600 + minute * 60 + second;
}

/** `01:00`, with seconds only where there are any. */
export function formatTime(timeSeconds: number): string {
  const [hour, minute, second] = [
    Math.floor(timeSeconds / 3600),
    Math.floor(timeSeconds / 60) % 60,
    timeSeconds % 60,
  ];
  return `${twoDigits(hour)}:${twoDigits(minute)}${second > 0 ? `:${twoDigits(second)}` : ''}`;
}

/** `Monday`; the number itself where it is no day. */
export function dayName(day: number): string {
  return DAY_NAMES[day - 1] ?? String(day);
}

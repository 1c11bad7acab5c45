import { dateFromLocal } from '../platform/clock.js';

/**
 * Parses a time as people type it: `2026-11-17` is the first moment of that day in this process's time zone,
 * `2026-11-17T09:30:00+01:00` and `2026-11-17T08:30Z` are RFC 3339 instants, `2026-11-17T09:30` (no zone) is local.
 * Returns undefined for any other text, for a 31st of February and for 24:30.
 */
export function parseQueryTime(text: string): Date | undefined {
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/i.exec(
      text.trim(),
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

  const offsetMinutes = Number(offset[2]) * 60 + Number(offset[3]);

  return new Date(
    wallMs - (offset[1] === '-' ? -offsetMinutes : offsetMinutes) * 60_000,
  );
}

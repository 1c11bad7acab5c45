import { expect, it } from 'vitest';
import { offsetAt, parsePosixZone } from '../../src/platform/posix-zone.js';

/** Asks the time zone database for the offset at an instant, in minutes east of Greenwich. */
function databaseOffsets(zone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    timeZoneName: 'longOffset',
  });

  return (ms) => {
    const [, sign = '+', hours = '0', minutes = '0'] =
      /GMT(?:([+-])(\d\d):(\d\d))?/.exec(format.format(ms)) ?? [];

    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  };
}

it.each([
  ['CET-1CEST,M3.5.0,M10.5.0/3', 'Europe/Prague'],
  ['EST5EDT,M3.2.0,M11.1.0', 'America/New_York'],
  ['AEST-10AEDT,M10.1.0,M4.1.0/3', 'Australia/Sydney'],
  ['<+0545>-5:45', 'Asia/Kathmandu'],
  ['NST3:30NDT,M3.2.0,M11.1.0', 'America/St_Johns'],
])('%s is what %s is, every six hours of three years', (rule, zone) => {
  const parsed = parsePosixZone(rule);
  expect(parsed).toBeDefined();
  if (!parsed) return;

  const databaseOffset = databaseOffsets(zone);
  const differing: string[] = [];
  const [first, end] = [Date.UTC(2024, 0), Date.UTC(2027, 0)];
  for (let ms = first; ms < end; ms += 6 * 3_600_000) {
    const ours = offsetAt(parsed, ms) / 60_000;
    if (ours !== databaseOffset(ms)) {
      differing.push(new Date(ms).toISOString());
    }
  }

  expect(differing).toEqual([]);
});

it.each([
  'Europe/Prague',
  'CET-1CEST',
  'CET',
  '',
  'CET-1CEST,M13.5.0,M10.5.0/3',
  'CET-1CEST,M0.5.0,M10.5.0/3',
  'CET-1CEST,J0,J300',
  'CET-1CEST,J60,J366',
  'CET-1CEST,59,366',
])('%j is no rule that says all', (text) => {
  expect(parsePosixZone(text)).toBeUndefined();
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMessageDate } from '../../src/mail/message-date.js';

describe('parseMessageDate', () => {
  it.each([
    ['Tue, 17 Nov 2026 09:30:00 +0100', '2026-11-17T08:30:00Z'],
    ['17 Nov 26 08:30 GMT', '2026-11-17T08:30:00Z'],
    ['Tue, 17 Nov 2026 03:30:00 -0500 (EST)', '2026-11-17T08:30:00Z'],
    ['Tue,17 Nov 2026 03:30:00 EST', '2026-11-17T08:30:00Z'],
    ['Tue, 17 November 2026 08:30:00 XYZ', '2026-11-17T08:30:00Z'],
    ['17-Nov-2026 08:30:00 +0000', '2026-11-17T08:30:00Z'],
    ['Fri, 31 Dec 99 23:59:59 UT', '1999-12-31T23:59:59Z'],
    ['Fri, 31 Dec 104 23:59:59 UT', '2004-12-31T23:59:59Z'],
    ['2026-11-17T09:30:00+01:00', '2026-11-17T08:30:00Z'],
    ['2026-11-17 08:30:00', '2026-11-17T08:30:00Z'],
  ])('reads %s', (text, iso) => {
    expect(parseMessageDate(text)).toEqual(new Date(iso));
  });

  it.each([
    '',
    'yesterday',
    '31 Feb 2026 10:00:00 +0000',
    '17 Foo 2026 10:00 +0000',
    '17 Nov 2026 25:00 +0000',
    '0',
  ])('finds no date in "%s"', (text) => {
    expect(parseMessageDate(text)).toBeUndefined();
  });

  it('reads back what toUTCString writes', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('1950-01-01'),
          max: new Date('2999-01-01'),
          noInvalidDate: true,
        }),
        (date) => {
          const whole = new Date(Math.floor(date.getTime() / 1000) * 1000);
          expect(parseMessageDate(whole.toUTCString())).toEqual(whole);
        },
      ),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextMoments, parseCron } from '../../src/schedule/cron.js';
import { planDue, planNext } from '../../src/schedule/plan-due.js';
import { parseDays, parseTime } from '../../src/schedule/week.js';
import type { ScheduleTask } from '../../src/server/schedule-tasks.js';

const task = (
  type: 'full' | 'differential',
  day: number,
  timeSeconds: number,
): ScheduleTask => ({
  type,
  day,
  timeSeconds,
  description: '',
  isEnabled: true,
  guid: '',
});
const week = [
  task('full', 7, 3600),
  ...[1, 2, 3, 4, 5, 6].map((day) => task('differential', day, 3600)),
];

/** What `work` gives on a machine in another time zone. */
function inZone<T>(zone: string, work: () => T): T {
  const before = process.env['TZ'];
  process.env['TZ'] = zone;
  try {
    return work();
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
}

/** The next moments of a weekly time in a zone. */
const nextIn = (
  zone: string,
  [day, timeSeconds]: [number, number],
  after: string,
  count = 2,
): string[] =>
  inZone(zone, () =>
    iso(nextMoments({ day, timeSeconds }, new Date(after), count)),
  );
const iso = (dates: readonly Date[]): string[] =>
  dates.map((date) => date.toISOString());

describe('a cron expression', () => {
  it.each([
    ['0 1 * * 1-5', [1, 2, 3, 4, 5], [3600]],
    ['0 1 * * 0', [7], [3600]],
    ['0 1 * * 7', [7], [3600]],
    ['30 2,14 * * SUN', [7], [9000, 52_200]],
    ['@daily', [1, 2, 3, 4, 5, 6, 7], [0]],
    ['@weekly', [7], [0]],
  ])('%s becomes weekly tasks', (expression, days, times) => {
    const expected = days.flatMap((day) =>
      times.map((timeSeconds) => ({ day, timeSeconds })),
    );
    expect(parseCron(expression)).toEqual(expected);
  });

  it.each([
    ['0 1 1 * *', 'the day of the month'],
    ['0 1 L * *', 'the day of the month'],
    ['0 1 * 6 *', 'the month'],
    ['0 1 * * 1#2', '1#2'],
    ['0 1 * * 5L', '5L'],
    ['0 0 1 * * 1', 'seconds'],
    ['0 1 * * H', 'random'],
    ['* * * * *', '10080 tasks'],
    ['0 1 * *', '4 fields'],
    ['', 'fields'],
    ['61 * * * *', '61'],
    ['@monthly', 'the day of the month'],
    ['@reboot', '@reboot'],
  ])('%s is refused, and the part is named', (expression, part) => {
    expect(() => parseCron(expression)).toThrow(part);
  });
});

describe('days and times', () => {
  it('are read as people write them', () => {
    expect(parseDays(['sun', 'Monday', 'mon,tue'])).toEqual([1, 2, 7]);
    expect(parseDays(['weekdays'])).toEqual([1, 2, 3, 4, 5]);
    expect(parseTime('1:05')).toBe(3900);
    expect(parseTime('23:59:30')).toBe(86_370);
  });

  it.each(['25:00', '24:00', '1:60', '1', '01:00:60', '-1:00', ''])(
    '%s is no time',
    (text) => {
      expect(() => parseTime(text)).toThrow('not a time');
    },
  );

  it.each(['someday', 'm', '', '8'])('%s is no day', (text) => {
    expect(() => parseDays([text])).toThrow('not a day');
  });
});

describe('the next runs', () => {
  // Sunday 02:30 on a night whose clock change skips it, and a week later.
  it.each([
    ['Europe/Prague', '2026-03-27', '2026-03-29T01:30', '2026-04-05T00:30'],
    ['America/New_York', '2026-03-05', '2026-03-08T07:30', '2026-03-15T06:30'],
    ['Australia/Sydney', '2026-10-02', '2026-10-03T16:30', '2026-10-10T15:30'],
    ['Antarctica/Troll', '2026-03-27', '2026-03-29T02:30', '2026-04-05T00:30'],
  ])(
    'come later where a clock change skips their time: %s',
    (zone, after, ...expected) => {
      expect(nextIn(zone, [7, 9000], `${after}T00:00Z`)).toEqual(
        expected.map((at) => `${at}:00.000Z`),
      );
    },
  );

  it('come once where a clock change repeats their time, also when asked in between', () => {
    const sunday: [number, number] = [7, 9000];
    expect(nextIn('Europe/Prague', sunday, '2026-10-24T00:00Z')).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-11-01T01:30:00.000Z',
    ]);
    expect(nextIn('Europe/Prague', sunday, '2026-10-25T00:45Z', 1)).toEqual([
      '2026-11-01T01:30:00.000Z',
    ]);
    // Half an hour is skipped and repeated there.
    expect(
      nextIn('Australia/Lord_Howe', [7, 8100], '2026-10-02T00:00Z', 1),
    ).toEqual(['2026-10-03T15:45:00.000Z']);
    expect(
      nextIn('Australia/Lord_Howe', [7, 6300], '2026-04-02T00:00Z'),
    ).toEqual(['2026-04-04T14:45:00.000Z', '2026-04-11T15:15:00.000Z']);
  });

  it('come where midnight itself is skipped, and on the next day where the day ends early', () => {
    expect(nextIn('Africa/Cairo', [5, 0], '2026-04-20T00:00Z')).toEqual([
      '2026-04-23T22:00:00.000Z',
      '2026-04-30T21:00:00.000Z',
    ]);
    expect(nextIn('America/Nuuk', [6, 84_600], '2026-03-27T00:00Z')).toEqual([
      '2026-03-29T01:30:00.000Z',
      '2026-04-05T00:30:00.000Z',
    ]);
  });

  it('are those of all enabled tasks, earliest first', () => {
    const tasks = [...week, { ...task('full', 3, 0), isEnabled: false }];
    const next = inZone('UTC', () =>
      planNext(tasks, new Date('2026-11-21T12:00:00Z'), 3),
    );
    expect(next.map(({ number, at }) => [number, at.toISOString()])).toEqual([
      [1, '2026-11-22T01:00:00.000Z'],
      [2, '2026-11-23T01:00:00.000Z'],
      [3, '2026-11-24T01:00:00.000Z'],
    ]);
  });
});

describe('what is due', () => {
  const due = (
    since: string | undefined,
    now: string,
  ): (string | undefined)[] => {
    const from = since === undefined ? undefined : new Date(since);
    const plan = inZone('UTC', () => planDue(week, from, new Date(now)));
    return [plan.type, ...iso(plan.moments.map(({ at }) => at))];
  };

  it('is nothing before the time and the task from its second on, once', () => {
    expect(due('2026-11-22T12:00:00Z', '2026-11-23T00:59:59Z')).toEqual([
      undefined,
    ]);
    expect(due('2026-11-22T12:00:00Z', '2026-11-23T01:00:00Z')).toEqual([
      'differential',
      '2026-11-23T01:00:00.000Z',
    ]);
    expect(due('2026-11-23T01:00:00Z', '2026-11-23T01:00:59Z')).toEqual([
      undefined,
    ]);
  });

  it('is one full backup after a downtime in which a full task was missed', () => {
    const [type, ...moments] = due(
      '2026-11-21T12:00:00Z',
      '2026-11-24T12:00:00Z',
    );
    expect(type).toBe('full');
    expect(moments).toHaveLength(3);
  });

  it('is what the last week asked for where nothing was ever done', () => {
    expect(due(undefined, '2026-11-24T12:00:00Z')[0]).toBe('full');
  });

  it('is nothing for a clock that was set back a little, and begins anew for one that was set back far', () => {
    expect(due('2026-11-24T02:00:00Z', '2026-11-24T01:30:00Z')).toEqual([
      undefined,
    ]);
    const future = planDue(
      week,
      new Date('2027-11-24T02:00:00Z'),
      new Date('2026-11-24T01:30:00Z'),
    );
    expect(future.isFromFuture).toBe(true);
  });

  it('is done exactly once however often and whenever the machine asks', () => {
    const step = fc.integer({ min: 1, max: 3 * 86_400 });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        let now = new Date('2026-10-20T00:00:00Z').getTime();
        let since = new Date(now);
        const done: string[] = [];
        for (const seconds of steps) {
          now += seconds * 1000;
          const plan = inZone('Europe/Prague', () =>
            planDue(week, since, new Date(now)),
          );
          const coming = inZone('Europe/Prague', () =>
            planNext(week, since, 5),
          );
          const missed = coming.filter(({ at }) => at.getTime() <= now);
          expect(plan.type !== undefined).toBe(missed.length > 0);
          expect(plan.type === 'full').toBe(
            missed.some(({ task: { type } }) => type === 'full'),
          );
          done.push(...iso(plan.moments.map(({ at }) => at)));
          since = new Date(now);
        }

        expect(new Set(done).size).toBe(done.length);
      }),
      { numRuns: 60 },
    );
  });
});

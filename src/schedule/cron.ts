import { CronExpressionParser } from 'cron-parser';
import { messageOf, UsageError } from '../errors.js';
import { dateFromLocal, toLocalWall } from '../platform/clock.js';

/** The weekly time of a task: 1 Monday … 7 Sunday, seconds after local midnight. */
export interface WeeklyTime {
  readonly day: number;
  readonly timeSeconds: number;
}

/** More tasks than anybody reads: one every hour of the week. */
const MAX_TASKS = 168;

/**
 * The days and times of a cron expression of five fields, where a week can express it.
 * Example: `0 1 * * 1-5` gives five times, Monday to Friday 01:00.
 * @throws {UsageError} naming the part that is wrong or that a weekly schedule cannot express
 */
export function parseCron(expression: string): WeeklyTime[] {
  const text = expression.trim();
  if (!text.startsWith('@')) refuseFields(text.split(/\s+/));

  const { minute, hour, dayOfMonth, month, dayOfWeek } = fieldsOf(text);
  if (!dayOfMonth.isWildcard) throw inexpressible(text, 'the day of the month');
  if (!month.isWildcard) throw inexpressible(text, 'the month');

  // Sunday is 0 in cron, and 7 as well.
  const days = [
    ...new Set(dayOfWeek.values.map((day) => (Number(day) + 6) % 7)),
  ].sort((a, b) => a - b);
  const minutes = minute.values.map(Number);
  const times = hour.values.flatMap((it) =>
    minutes.map((m) => it * 3600 + m * 60),
  );

  if (days.length * times.length > MAX_TASKS) {
    const count = days.length * times.length;
    throw new UsageError(
      `the cron expression "${text}" would need ${count} tasks; at most ${MAX_TASKS} are accepted`,
      {
        hints: [
          'Name fewer minutes or hours: a backup every hour is 0 * * * *.',
        ],
      },
    );
  }

  return days.flatMap((day) =>
    times.map((timeSeconds) => ({ day: day + 1, timeSeconds })),
  );
}

/** Parts that the parser accepts but that mean something else than a week's times. */
function refuseFields(fields: readonly string[]): void {
  const text = fields.join(' ');
  if (fields.length === 6) {
    throw inexpressible(text, 'the sixth field (seconds first)');
  }

  if (fields.length !== 5) {
    throw new UsageError(
      `the cron expression "${text}" has ${fields.length} fields instead of 5`,
      {
        hints: [
          'Write minute, hour, day of month, month, day of week: "0 1 * * 0" is Sunday 01:00.',
        ],
      },
    );
  }

  const random = fields.find((field) => /^H/i.test(field));
  if (random !== undefined) {
    throw inexpressible(text, `"${random}" (a random value)`);
  }

  const [, , , , weekday = ''] = fields;
  if (/#|L/i.test(weekday)) {
    throw inexpressible(
      text,
      `the day of the week "${weekday}" (one week of the month)`,
    );
  }
}

function fieldsOf(
  text: string,
): ReturnType<typeof CronExpressionParser.parse>['fields'] {
  try {
    return CronExpressionParser.parse(text).fields;
  } catch (error) {
    throw new UsageError(
      `wrong cron expression "${text}": ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function inexpressible(text: string, part: string): UsageError {
  return new UsageError(
    `a weekly schedule cannot express ${part} of the cron expression "${text}"`,
    {
      hints: ['Use minutes, hours and days of the week only: "0 1 * * 1-5".'],
    },
  );
}

/**
 * The next `count` moments of a weekly time, strictly after `after`, in the machine's time zone.
 * A time that a clock change skips comes later by what is skipped, one that it repeats comes once, the first time. The
 * expression is counted on a clock that never changes; only then is each reading looked up in the zone.
 */
export function nextMoments(
  { day, timeSeconds }: WeeklyTime,
  after: Date,
  count: number,
): Date[] {
  const [hour, minute, second] = [
    Math.floor(timeSeconds / 3600),
    Math.floor(timeSeconds / 60) % 60,
    timeSeconds % 60,
  ];

  const expression = CronExpressionParser.parse(
    `${second} ${minute} ${hour} * * ${day % 7}`,
    {
      // A day early: the reading of a skipped time lies before the moment at which it comes.
      currentDate: new Date(toLocalWall(after.getTime()) - 86_400_000),
      tz: 'UTC',
    },
  );

  const moments: Date[] = [];

  while (moments.length < count) {
    const [date, time] = expression.next().toDate().toISOString().split(/[T.]/);
    const moment = dateFromLocal([...numbersOf(date), ...numbersOf(time)]);

    if (moment.getTime() > after.getTime()) moments.push(moment);
  }

  return moments;
}

function numbersOf(fields = ''): [number, number, number] {
  const [first = 0, second = 0, third = 0] = fields.split(/[-:]/).map(Number);
  return [first, second, third];
}

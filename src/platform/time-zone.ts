import { lstatSync, readFileSync } from 'node:fs';
import { UsageError } from '../errors.js';
import { systemClock } from './clock.js';
import {
  changesOf,
  offsetAt,
  parsePosixZone,
  type PosixZone,
} from './posix-zone.js';

/**
 * The local time zone where the machine does not name it as Node wants it. Node takes a POSIX rule or the path of a zone's
 * file for UTC, or for a zone whose clock never changes, without a word.
 */

/** Zones that are most likely meant, before all others. */
const COMMON = [
  ...['Europe/Berlin', 'Europe/London', 'Europe/Helsinki', 'Europe/Lisbon'],
  ...[
    'America/New_York',
    'America/Chicago',
    'America/Denver',
    'America/Los_Angeles',
  ],
];

let problem: string | undefined;

/**
 * Gives TZ the name of a zone that has the rules that were given, so that every local time is right.
 * @param localtime the file of the machine's zone, for where TZ is not set
 * @returns what is wrong where no zone has them; times count as UTC then
 */
export function settleTimeZone(
  environment: NodeJS.ProcessEnv,
  localtime = '/etc/localtime',
): string | undefined {
  const given = environment['TZ'];
  problem = undefined;

  const wanted = given === undefined ? zoneOfFile(localtime) : zoneOf(given);
  if (wanted !== undefined && wanted !== given) environment['TZ'] = wanted;
  if (given === undefined || wanted !== undefined) return undefined;

  environment['TZ'] = 'UTC';
  problem = `TZ=${JSON.stringify(given)} is no time zone that is known here: times count as UTC`;

  return problem;
}

/** @throws {UsageError} where local times are not known: a schedule would run at wrong ones */
export function refuseUnknownTimeZone(): void {
  if (problem === undefined) return;
  throw new UsageError(`the schedule's times are local, and ${problem}`, {
    hints: ['Name the zone in its IANA form: TZ=Europe/Prague.'],
  });
}

function zoneOf(given: string): string | undefined {
  const name = given
    .replace(/^:/, '')
    .replace(/^.*\/zoneinfo\/(?:posix\/|right\/)?/, '');
  if (name === '') return 'UTC';
  if (isKnown(name)) return name;

  const rule = parsePosixZone(name);
  if (rule) return findZone(rule);

  const path = given.replace(/^:/, '');

  return path.startsWith('/') ? zoneOfPath(path) : undefined;
}

function isKnown(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

/** The machine's zone where its file is a copy, as in a container, and Node reads another time from it. */
function zoneOfFile(path: string): string | undefined {
  if (
    process.platform === 'win32' ||
    lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true
  ) {
    return undefined;
  }

  const rule = readRule(path);
  if (
    !rule ||
    samplesOf(rule).every(
      (ms) => offsetAt(rule, ms) === -new Date(ms).getTimezoneOffset() * 60_000,
    )
  ) {
    return undefined;
  }

  return findZone(rule);
}

function zoneOfPath(path: string): string | undefined {
  const rule = readRule(path);
  return rule && findZone(rule);
}

/** A zone's file ends in the rule for the time to come (RFC 8536 §3.3). */
function readRule(path: string): PosixZone | undefined {
  try {
    return parsePosixZone(
      readFileSync(path).toString('latin1').trimEnd().split('\n').at(-1) ?? '',
    );
  } catch {
    return undefined;
  }
}

/** A zone that has the rule this year and the next. */
function findZone(rule: PosixZone): string | undefined {
  const hours = rule.standardMs / 3_600_000;
  const fixed =
    rule.summer || !Number.isInteger(hours)
      ? []
      : [
          hours === 0
            ? 'UTC'
            : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`,
        ];

  const samples = samplesOf(rule);

  return [...fixed, ...COMMON, ...Intl.supportedValuesOf('timeZone')].find(
    (zone) => isKnown(zone) && follows(zone, rule, samples),
  );
}

function follows(
  zone: string,
  rule: PosixZone,
  samples: readonly number[],
): boolean {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    timeZoneName: 'longOffset',
  });

  return samples.every((ms) => offsetIn(format, ms) === offsetAt(rule, ms));
}

/** Returns a zone's distance from UTC at an instant, in milliseconds. */
function offsetIn(format: Intl.DateTimeFormat, ms: number): number {
  const name =
    format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')
      ?.value ?? '';
  const match = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name);
  if (!match) return 0;

  const [sign, hours, minutes, seconds = 0] = match.slice(1);
  const distance =
    Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);

  return (sign === '-' ? -1000 : 1000) * distance;
}

/** Every month, and the second before and after each change of the clock. */
function samplesOf(rule: PosixZone): number[] {
  const now = systemClock().getUTCFullYear();
  return [now, now + 1].flatMap((year) => [
    ...Array.from({ length: 12 }, (_, month) => Date.UTC(year, month, 1, 12)),
    ...changesOf(rule, year).flatMap((ms) =>
      Number.isFinite(ms) ? [ms - 1000, ms] : [],
    ),
  ]);
}

/** Whether a server says exactly what it was asked to say, field by field. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../platform/json-answer.js';
import { plainText } from '../../platform/plain-text.js';
import type { WantedTask } from './tasks.js';

const LONGEST_VALUE = 60;
/** Changes by itself. */
const OWN_BUSINESS = new Set(['status']);

/** `options.rotationLimit: wanted 5, found 7`, a line for each field that is another. */
export function optionDifferences(
  wanted: JsonObject,
  found: JsonObject,
): string[] {
  const pick = (options: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(options).filter(([name]) => !OWN_BUSINESS.has(name)),
    );

  return differencesOf('options', pick(wanted), pick(found));
}

/** Tasks have new numbers after each set, and their order is the server's own. */
export function taskDifferences(
  wanted: readonly WantedTask[],
  found: readonly JsonObject[],
): string[] {
  const rest = [...found];

  const missing = wanted.filter((task) => {
    const at = rest.findIndex((candidate) => isTask(task, candidate));
    if (at !== -1) rest.splice(at, 1);

    return at === -1;
  });

  return [
    ...missing.map(({ item }) => `a task is missing: ${taskWords(item)}`),
    ...rest.map((item) => `a task was not asked for: ${taskWords(item)}`),
  ];
}

/** Groups of messages, by their place in the list. */
export function leafDifferences(
  wanted: readonly JsonObject[],
  found: readonly JsonObject[],
): string[] {
  return differencesOf('messages', wanted, found);
}

function isTask({ item, isNew }: WantedTask, found: JsonObject): boolean {
  const [one, other] = [withoutId(item), withoutId(found)];

  return isNew ? covers(one, other) : isDeepStrictEqual(one, other);
}

function withoutId(task: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(task).filter(([name]) => name !== 'id'),
  );
}

/** Says whether `found` has all that `wanted` has; it may have more. */
function covers(wanted: unknown, found: unknown): boolean {
  if (!isObject(wanted) || !isObject(found)) {
    return isDeepStrictEqual(wanted, found);
  }

  return Object.entries(wanted).every(([name, value]) =>
    covers(value, found[name]),
  );
}

function differencesOf(
  place: string,
  wanted: unknown,
  found: unknown,
): string[] {
  if (isDeepStrictEqual(wanted, found)) return [];

  if (isObject(wanted) && isObject(found)) {
    const names = new Set([...Object.keys(wanted), ...Object.keys(found)]);

    return [...names].flatMap((name) =>
      differencesOf(`${place}.${name}`, wanted[name], found[name]),
    );
  }

  return [
    `${place}: wanted ${shown(place, wanted)}, found ${shown(place, found)}`,
  ];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function shown(place: string, value: unknown): string {
  if (/passw/i.test(place)) return '***';
  if (value === undefined) return 'nothing';

  return plainText(JSON.stringify(value), LONGEST_VALUE);
}

function taskWords({ type, day, time }: JsonObject): string {
  return shown('task', { type, day, time });
}

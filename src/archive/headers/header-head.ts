import { isJsonObject } from '../../platform/own-file.js';
import { BrokenFile } from './column-file.js';
import type {
  HeaderIndex,
  IndexedArchive,
  IndexedDirectory,
} from './header-index.js';

/** The facts about an index that its file has as JSON. Pure. */

export interface HeadFacts extends Pick<
  HeaderIndex,
  'archives' | 'directories'
> {
  /** The number of records. */
  readonly count: number;
  readonly unread: readonly number[];
}

const HAS_MESSAGES = 1;
const IS_COVERED = 2;
const MOST_RECORDS = 1 << 28;

export function documentHead({
  archives,
  directories,
  count,
  unread,
}: HeadFacts): Readonly<Record<string, unknown>> {
  return {
    count,
    unread,
    archives,
    directories: directories.map(({ path, hasMessages, isCovered }) => [
      path,
      (hasMessages ? HAS_MESSAGES : 0) | (isCovered ? IS_COVERED : 0),
    ]),
  };
}

/** @throws {BrokenFile} */
export function parseHead(json: Readonly<Record<string, unknown>>): HeadFacts {
  const { count, unread, archives, directories } = json;
  const isHead =
    isCount(count, MOST_RECORDS) &&
    isListOf(unread, (record) => isCount(record, count)) &&
    isListOf(directories, isDirectory) &&
    isListOf(archives, isArchive) &&
    archives.length < 0xffff;

  if (!isHead) throw new BrokenFile('its front says something else');

  return {
    count,
    unread,
    archives: archives.map(({ base, note, ...rest }) => ({
      ...rest,
      base: isCount(base, archives.length) ? base : undefined,
      note: typeof note === 'string' ? note : undefined,
    })),
    directories: directories.map(toDirectory),
  };
}

function isCount(json: unknown, limit: number): json is number {
  return (
    Number.isSafeInteger(json) && Number(json) >= 0 && Number(json) < limit
  );
}

function isListOf<T>(
  json: unknown,
  isOne: (one: unknown) => one is T,
): json is T[] {
  return Array.isArray(json) && json.every(isOne);
}

function isDirectory(json: unknown): json is [string, number] {
  return (
    Array.isArray(json) &&
    typeof json[0] === 'string' &&
    typeof json[1] === 'number'
  );
}

function toDirectory([path, flags]: [string, number]): IndexedDirectory {
  return {
    path,
    hasMessages: (flags & HAS_MESSAGES) !== 0,
    isCovered: (flags & IS_COVERED) !== 0,
  };
}

function isArchive(json: unknown): json is IndexedArchive {
  if (!isJsonObject(json)) return false;

  const { stem, type, takenAtMs, identity } = json;
  const flags = [json['isPoint'], json['isWhole'], json['knowsDeletions']];

  return (
    typeof stem === 'string' &&
    typeof identity === 'string' &&
    (type === 'full' || type === 'differential' || type === 'copy') &&
    typeof takenAtMs === 'number' &&
    Math.abs(takenAtMs) <= LAST_INSTANT_MS &&
    flags.every((flag) => typeof flag === 'boolean')
  );
}

/** The last instant that a Date holds (ECMA-262). */
const LAST_INSTANT_MS = 8.64e15;

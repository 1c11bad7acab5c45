import { readFileSync, rmdirSync, statSync } from 'node:fs';
import { errnoOf, FailedError, type KmsError, messageOf } from '../errors.js';
import { replaceFile } from './atomic-file.js';
import { toSystemError } from './system-error.js';

/**
 * What lies in the place of a file that this program keeps for itself (lock, record, journal, mark, state). Whoever asks
 * says what each means to him: nothing is taken for sound because it is JSON.
 */
export type OwnFile<T> =
  | { readonly state: 'sound'; readonly value: T }
  | { readonly state: 'absent' }
  /** Something that this program did not write so. */
  | { readonly state: 'junk'; readonly fact: JunkFact }
  /** The system does not give it out this time: that proves nothing about what is in it. */
  | { readonly state: 'unreadable'; readonly cause: Error };

/** Completes a sentence that begins with the path. */
type JunkFact =
  | 'is a directory'
  | 'is no plain file'
  | 'is empty'
  | 'is too large'
  | 'is cut off or no JSON'
  | 'says nothing usable';

/** Far more than any of them holds: a journal of ten thousand mailboxes has 4 MB. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Reads a JSON file of this program's own.
 * @param parse its value, or undefined where the JSON has not the shape that this program writes
 */
export function readOwnJson<T>(
  path: string,
  parse: (json: unknown) => T | undefined,
): OwnFile<T> {
  const text = readOwnText(path);
  if (text.state !== 'sound') return text;

  try {
    const value = parse(JSON.parse(text.value));

    return value === undefined
      ? junk('says nothing usable')
      : { state: 'sound', value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;

    return junk(
      text.value.trim() === '' ? 'is empty' : 'is cut off or no JSON',
    );
  }
}

/** A file's text as it is, of a file that may hold no JSON. */
function readOwnText(path: string): OwnFile<string> {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return junk('is a directory');
    // A pipe would be waited for without end.
    if (!stats.isFile()) return junk('is no plain file');
    if (stats.size > MAX_BYTES) return junk('is too large');

    return { state: 'sound', value: readFileSync(path, 'utf8') };
  } catch (error) {
    return withoutText(error);
  }
}

/**
 * Replaces such a file as a whole. An empty directory in its place holds nothing of anybody and goes.
 * @throws {Error} the operating system's; the old content is untouched then
 */
export function replaceOwnFile(
  path: string,
  text: string,
  modeIfNew = 0o600,
): void {
  clearEmptyDirectory(path);
  replaceFile(path, Buffer.from(text), modeIfNew);
}

/** The error of a file that nobody can do without. `what` it is: `the record of verified archives`. */
export function ownFileError(
  path: string,
  what: string,
  file: Exclude<OwnFile<unknown>, { state: 'sound' | 'absent' }>,
): KmsError {
  if (file.state === 'junk') {
    return new FailedError(
      `${what} cannot be understood: ${path} ${file.fact}`,
    );
  }

  const { cause } = file;
  const fact = `cannot read ${path}, ${what}`;
  const hints = ['Run it as the user that makes the backups, or as root.'];

  return (
    toSystemError(cause, { fact, hints }) ??
    new FailedError(`${fact}: ${messageOf(cause)}`, { hints, cause })
  );
}

/** Whether a value of JSON has named fields. */
export function isJsonObject(
  json: unknown,
): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function withoutText(error: unknown): OwnFile<never> {
  const code = errnoOf(error);
  if (!(error instanceof Error) || code === undefined) throw error;
  // A link that leads nowhere holds as little as no file.
  if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'absent' };
  if (code === 'EISDIR') return junk('is a directory');
  if (code === 'ELOOP') return junk('is no plain file');

  return { state: 'unreadable', cause: error };
}

function junk(fact: JunkFact): OwnFile<never> {
  return { state: 'junk', fact };
}

function clearEmptyDirectory(path: string): void {
  try {
    if (statSync(path).isDirectory()) rmdirSync(path);
  } catch {
    // What is in the way is named by the write that follows.
  }
}

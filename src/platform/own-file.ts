import { readFileSync, rmdirSync, statSync } from 'node:fs';
import { errnoOf, FailedError, type KmsError, messageOf } from '../errors.js';
import { replaceFile } from './atomic-file.js';
import { toSystemError } from './system-error.js';

/**
 * The content of a file that this program keeps for itself: a lock, record, journal, mark or state. The caller decides what
 * each state means to it. A file is sound only where its parser accepts it.
 */
export type OwnFile<T> =
  | { readonly state: 'sound'; readonly value: T }
  | { readonly state: 'absent' }
  /** The content is not as this program writes it. */
  | { readonly state: 'junk'; readonly fact: JunkFact }
  /** The system refuses the file. That proves nothing about its content. */
  | { readonly state: 'unreadable'; readonly cause: Error };

/** Completes a sentence that begins with the path. */
type JunkFact =
  | 'is a directory'
  | 'is no plain file'
  | 'is empty'
  | 'is too large'
  | 'is cut off or no JSON'
  | 'says nothing usable';

/** Far more than such a file needs: a journal of ten thousand mailboxes has 4 MB. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Reads a JSON file of this program.
 * @param parse returns the value, or undefined where the JSON does not have the shape that this program writes
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
      : {
          state: 'sound',
          value,
        };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;

    return junk(
      text.value.trim() === '' ? 'is empty' : 'is cut off or no JSON',
    );
  }
}

/** Reads the text of the file, which may be no JSON. */
function readOwnText(path: string): OwnFile<string> {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return junk('is a directory');
    // Reading a pipe would wait without end.
    if (!stats.isFile()) return junk('is no plain file');
    if (stats.size > MAX_BYTES) return junk('is too large');

    return {
      state: 'sound',
      value: readFileSync(path, 'utf8'),
    };
  } catch (error) {
    return withoutText(error);
  }
}

/**
 * Replaces a file of this program as a whole. An empty directory in its place is removed.
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

/**
 * Returns the error of a file that the command cannot do without.
 * @param label the file in words: `the record of verified archives`
 */
export function ownFileError(
  path: string,
  label: string,
  file: Exclude<OwnFile<unknown>, { state: 'sound' | 'absent' }>,
): KmsError {
  if (file.state === 'junk') {
    return new FailedError(
      `${label} cannot be understood: ${path} ${file.fact}`,
    );
  }

  const { cause } = file;
  const fact = `cannot read ${path}, ${label}`;
  const hints = ['Run it as the user that makes the backups, or as root.'];

  return (
    toSystemError(cause, { fact, hints }) ??
    new FailedError(`${fact}: ${messageOf(cause)}`, { hints, cause })
  );
}

/** The same as a sentence; undefined for a file that is sound or not there. */
export function ownFileFault(
  path: string,
  label: string,
  file: OwnFile<unknown>,
): string | undefined {
  const { state } = file;
  if (state === 'sound' || state === 'absent') return undefined;

  return ownFileError(path, label, file).message;
}

/** Says whether a value of JSON has named fields. */
export function isJsonObject(
  json: unknown,
): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function withoutText(error: unknown): OwnFile<never> {
  const code = errnoOf(error);
  if (!(error instanceof Error) || code === undefined) throw error;
  // A link that leads nowhere counts as no file.
  if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'absent' };
  if (code === 'EISDIR') return junk('is a directory');
  if (code === 'ELOOP') return junk('is no plain file');

  return {
    state: 'unreadable',
    cause: error,
  };
}

function junk(fact: JunkFact): OwnFile<never> {
  return {
    state: 'junk',
    fact,
  };
}

function clearEmptyDirectory(path: string): void {
  try {
    if (statSync(path).isDirectory()) rmdirSync(path);
  } catch {
    // The write that follows reports the obstacle.
  }
}

import { NotFoundError } from '../errors.js';
import { nearestNames } from '../platform/nearest.js';
import { decodeFolderName } from './folder-name.js';

/** Finding a name among those that are there, as a person typed it. Pure. */

const MOST_SHOWN = 8;

/**
 * The name that a person means.
 * @param kind `folder`, for the error
 * @param where ` of alice`, for the error
 * @throws {NotFoundError} naming the nearest names, or some that are there
 */
export function findName(
  kind: string,
  typed: string,
  names: readonly string[],
  where = '',
): string {
  const name = lookUpName(typed, names);
  if (name !== undefined) return name;

  throw notFound(kind, typed, names, where);
}

/** The name as it was typed, else decoded, else in another case; undefined where there is none. */
export function lookUpName(
  typed: string,
  names: readonly string[],
): string | undefined {
  const readings = readingsOf(typed);
  const exact = readings.find((name) => names.includes(name));
  if (exact !== undefined) return exact;

  const folded = new Set(readings.map(foldName));

  return names.find((name) => folded.has(foldName(name)));
}

/** Says whether a name is what was typed, to the letter: among all names there is no better one then. */
export function isToTheLetter(typed: string, name: string): boolean {
  return readingsOf(typed).includes(name);
}

function readingsOf(typed: string): string[] {
  return [typed, typed.split('/').map(decodeFolderName).join('/')];
}

/** The error for a name that is not there, with those that were probably meant. */
export function notFound(
  kind: string,
  typed: string,
  names: readonly string[],
  where = '',
): NotFoundError {
  const near = nearestNames(typed, names);
  const hint =
    near.length > 0
      ? `Did you mean ${near.join(' or ')}?`
      : `There is ${describeSome(names)}.`;

  return new NotFoundError(`the backup holds no ${kind} ${typed}${where}`, {
    hints: [hint],
  });
}

function describeSome(names: readonly string[]): string {
  if (names.length === 0) return 'none';

  const more = names.length > MOST_SHOWN ? ', …' : '';

  return names.slice(0, MOST_SHOWN).join(', ') + more;
}

/** Case and composition do not count in names that people type. */
function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/**
 * Patterns of paths below the store, as `[backup] accept` and `exclude` have them. Pure.
 *
 *   mail/example.com/alice/old            that path; @backup/store/, which the report shows before it, may be left out
 *   mail/example.com/alice/INBOX/*.lnk    * and ? stand for anything within a step of the path
 *   mail/example.com/alice/Entwürfe/**    ** stands for any steps; folders go by their names on disk, and by those that people see
 */
import { decodeFolderName } from './folder-name.js';
import { entryNameOf } from './entry-place.js';

/** Says whether a pattern names a path, by its entry's name without a final `/`. */
export type PathMatcher = (name: string) => boolean;

const STORE_PREFIX = entryNameOf('store', '');

export function pathMatcher(pattern: string): PathMatcher {
  const tokens = tokensOf(pattern);

  return (name) =>
    spellingsOf(name).some((spelling) => isMatch(tokens, spelling));
}

/** As an entry's name, and within the store; each as it is on disk and as people see it. */
function spellingsOf(name: string): string[] {
  const names = name.startsWith(STORE_PREFIX)
    ? [name, name.slice(STORE_PREFIX.length)]
    : [name];
  if (!name.includes('&')) return names;

  return names.flatMap((one) => [
    one,
    one.split('/').map(decodeFolderName).join('/'),
  ]);
}

/** A character, or a wildcard: longer than any character. */
type Token = string;

const ANY_STEPS: Token = '(**)';
const ANY: Token = '(*)';
const ONE: Token = '(?)';

const WILDCARDS: ReadonlyMap<string, Token> = new Map([
  ['**', ANY_STEPS],
  ['*', ANY],
  ['?', ONE],
]);

function tokensOf(pattern: string): Token[] {
  return pattern.split(/(\*\*|\*|\?)/).flatMap((piece) => {
    const wildcard = WILDCARDS.get(piece);

    return wildcard === undefined ? Array.from(piece) : [wildcard];
  });
}

/**
 * All places in the pattern where the text may stand are followed at once: no text and no pattern takes long, whoever wrote
 * them.
 */
function isMatch(tokens: readonly Token[], text: string): boolean {
  let places = new Set<number>();
  stand(tokens, places, 0);

  for (const char of text) {
    const next = new Set<number>();

    for (const place of places) {
      const token = tokens[place];

      if (isTaken(token, char)) {
        const stays = token === ANY || token === ANY_STEPS;
        stand(tokens, next, stays ? place : place + 1);
      }
    }

    if (next.size === 0) return false;
    places = next;
  }

  return places.has(tokens.length);
}

/** Stands at a place, and behind each wildcard there that may stand for nothing. */
function stand(
  tokens: readonly Token[],
  places: Set<number>,
  at: number,
): void {
  let place = at;
  places.add(place);

  while (tokens[place] === ANY || tokens[place] === ANY_STEPS) {
    places.add(++place);
  }
}

function isTaken(token: Token | undefined, char: string): boolean {
  if (token === ANY_STEPS) return true;
  if (token === ANY || token === ONE) return char !== '/';

  return token === char;
}

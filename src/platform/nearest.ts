/** Suggests names that a mistyped word probably means. Pure. */

/**
 * Returns the names nearest to `wanted`, nearest first, at most `limit`: those within a third of its length in edits, and
 * those that hold it or lie in it. Case does not count. Returns an empty list where no name is close.
 * Examples: `nearestNames('treads', ['threads', 'level'])` is `['threads']`; `Ärzte` suggests `INBOX/Ärzte`.
 */
export function nearestNames(
  wanted: string,
  names: Iterable<string>,
  limit = 3,
): string[] {
  const word = wanted.toLowerCase();
  const allowed = Math.max(2, Math.floor(word.length / 3));
  const rated: { name: string; distance: number }[] = [];

  for (const name of names) {
    const other = name.toLowerCase();
    const edits = editDistance(word, other, allowed);
    const distance = Math.min(edits, heldDistance(word, other, allowed));

    if (distance <= allowed + 0.5 && distance < other.length) {
      rated.push({ name, distance });
    }
  }

  return rated
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map(({ name }) => name);
}

/** Rates names by their parts: one that begins with the typed word is nearest, however long; one that holds it is near. */
function heldDistance(word: string, other: string, allowed: number): number {
  if (word.length < 3) return Infinity;
  if (other.startsWith(word)) return 0;
  return other.includes(word) || word.includes(other)
    ? allowed + 0.5
    : Infinity;
}

/** Returns Levenshtein's distance, or `allowed + 1` as soon as it must be larger than `allowed`. */
function editDistance(a: string, b: string, allowed: number): number {
  if (Math.abs(a.length - b.length) > allowed) return allowed + 1;

  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(
        Math.min(change, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1),
      );
    }

    if (Math.min(...current) > allowed) return allowed + 1;

    previous = current;
  }

  return previous[b.length] ?? allowed + 1;
}

/** How many suggestions are worth reading. */
const MOST = 3;

/**
 * The known names nearest to a typed one, the nearest first: those within a third of its length in edits, or that hold
 * it. At most three. Case does not count. Example: `allice` suggests `alice`. Pure.
 */
export function nearestNames(typed: string, known: Iterable<string>): string[] {
  const wanted = typed.toLowerCase();
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  const ranked: { name: string; distance: number }[] = [];
  for (const name of known) {
    const candidate = name.toLowerCase();
    const holds = wanted.length > 2 && (candidate.includes(wanted) || wanted.includes(candidate));
    const distance = editDistance(wanted, candidate, limit);
    if (distance <= limit || holds) ranked.push({ name, distance: Math.min(distance, limit + (holds ? 0.5 : 1)) });
  }
  ranked.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return ranked.slice(0, MOST).map(({ name }) => name);
}

/** Insertions, deletions and replacements that make one text of the other; anything above the limit is `limit + 1`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    if (Math.min(...current) > limit) return limit + 1;
    previous = current;
  }
  return previous[b.length] ?? limit + 1;
}

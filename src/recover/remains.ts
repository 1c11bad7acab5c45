import type { Remains } from './journal.js';

/** The words for what a recover could not put away. Pure. */

/** Names the paths that are left of the other state, and says that nobody waits for them. */
export function describeRemains(
  remains: Remains | undefined,
  fact: string,
): string[] {
  if (!remains) return [];

  const [first = ''] = remains.paths;

  const more =
    remains.paths.length > 1
      ? ` and ${String(remains.paths.length - 1)} more`
      : '';

  return [
    `${fact}; what it replaced could not be removed: ${first}${more} (${remains.reason}). The next recover tries again, or remove it by hand.`,
  ];
}

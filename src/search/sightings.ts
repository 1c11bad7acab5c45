import type { IndexedArchive } from '../archive/headers/header-index.js';

/** When a message was seen last, and since when it is gone, by the points that it is in. Pure. */
export interface Sighting {
  /** The number of the newest archive in whose point it is. */
  readonly lastSeen: number;
  /** That of the first later one that is known to lack it. */
  readonly goneSince: number | undefined;
  /** False where there are later points, and nobody can tell whether it is in them. */
  readonly isGoneKnown: boolean;
}

/**
 * @param archives oldest first
 * @param points the numbers of those in whose points the message is
 */
export function sightingOf(
  archives: readonly IndexedArchive[],
  points: ReadonlySet<number>,
): Sighting {
  const lastSeen = Math.max(...points);
  let isUnknown = false;

  for (let number = lastSeen + 1; number < archives.length; number++) {
    const archive = archives[number];
    if (!archive?.isPoint) continue;
    if (isKnownToLack(archive, points)) {
      return { lastSeen, goneSince: number, isGoneKnown: true };
    }

    isUnknown = true;
  }

  return { lastSeen, goneSince: undefined, isGoneKnown: !isUnknown };
}

/** A lost volume may hold it, and the server's differentials do not say what was deleted of their full. */
function isKnownToLack(
  { isWhole, knowsDeletions, base }: IndexedArchive,
  points: ReadonlySet<number>,
): boolean {
  const isOfBase = base !== undefined && points.has(base);

  return isWhole && (knowsDeletions || !isOfBase);
}

/** The newest of a message's points that an archive belongs to: a recover of it brings the archive's entry. */
export function pointWith(
  archives: readonly IndexedArchive[],
  points: ReadonlySet<number>,
  archive: number,
): number {
  const own = [...points].filter(
    (point) => point === archive || archives[point]?.base === archive,
  );

  return own.length === 0 ? archive : Math.max(...own);
}

/** The newest of the complete backups that count. Pure. */
import type { ArchiveState } from '../archive/archive-state.js';
import {
  countsForRotation,
  describeParts,
  holdsParts,
  partsOf,
} from '../archive/completeness.js';
import type { Candidates } from './retention-rule.js';

/** Those that count, newest first. */
export function countedOf({ like, now }: Candidates): ArchiveState[] {
  return like.filter((state) => countsForRotation(state, now)).reverse();
}

/** The one that the newest point in time needs: its own, or that of its newest differential. */
export function newestSetOf(candidates: Candidates): ArchiveState | undefined {
  const reachMs = (state: ArchiveState): number =>
    newestTimeMs(state, candidates);

  return countedOf(candidates).reduce<ArchiveState | undefined>(
    (best, state) => (best && reachMs(best) >= reachMs(state) ? best : state),
    undefined,
  );
}

/** The one that the next differential is measured against. */
export function newestFullOf(candidates: Candidates): ArchiveState | undefined {
  return countedOf(candidates).find(({ facts }) => facts.files.type === 'full');
}

export function reasonOfNewest({ facts }: ArchiveState): string {
  const parts = describeParts(facts);

  return parts === undefined
    ? 'newest complete backup'
    : `newest backup of ${parts}`;
}

/** The newest point in time that a complete backup and its proven differentials reach. */
function newestTimeMs(base: ArchiveState, { states, now }: Candidates): number {
  const differentials = states.filter(
    (state) =>
      state.base === base.facts &&
      countsForRotation(state, now) &&
      holdsParts(state.facts, partsOf(base.facts)),
  );

  return Math.max(...[base, ...differentials].map(timeOf));
}

export function timeOf({ facts }: ArchiveState): number {
  return facts.files.takenAt.getTime();
}

import type { ArchiveState } from '../archive/archive-state.js';
import {
  countsForRotation,
  describeParts,
  holdsParts,
  partsOf,
} from '../archive/completeness.js';
import { plural } from '../platform/units.js';
import type { Candidates, RetentionRule, RuleChoice } from './policy.js';

/**
 * Keeps the newest complete backups, fulls and copies alike: first what the newest point in time needs, then the newest
 * full, where the limit has room beside it, then the newest of all.
 */
export class NewestRule implements RetentionRule {
  /** @param limit at least 1 */
  constructor(readonly limit: number) {}

  /** `at most 5 complete backups` */
  describe(): string {
    return `at most ${plural(this.limit, 'complete backup')}`;
  }

  describeExcess(): string {
    return `over the limit of ${this.limit}`;
  }

  choose(candidates: Candidates): RuleChoice {
    const chosen = this.#chooseNewest(candidates);
    const newest = chosen.reduce<ArchiveState | undefined>(
      (best, state) => (best && timeOf(best) >= timeOf(state) ? best : state),
      undefined,
    );

    return {
      kept: new Map(
        chosen.map((state) => [
          state,
          state === newest ? reasonOfNewest(state) : 'within the limit',
        ]),
      ),
      isFilled: chosen.length >= this.limit,
    };
  }

  #chooseNewest({ like, states, now }: Candidates): ArchiveState[] {
    const complete = like
      .filter((state) => countsForRotation(state, now))
      .reverse();

    const reachMs = (state: ArchiveState): number =>
      newestTimeMs(state, states, now);
    const newestPoint = complete.reduce<ArchiveState | undefined>(
      (best, state) => (best && reachMs(best) >= reachMs(state) ? best : state),
      undefined,
    );

    const newestFull = complete.find(
      ({ facts }) => facts.files.type === 'full',
    );
    const ranked = [newestPoint, newestFull, ...complete].filter(
      (state) => state !== undefined,
    );

    return [...new Set(ranked)].slice(0, this.limit);
  }
}

function reasonOfNewest({ facts }: ArchiveState): string {
  const parts = describeParts(facts);
  return parts === undefined
    ? 'newest complete backup'
    : `newest backup of ${parts}`;
}

/** The newest point in time that a complete backup and its proven differentials reach. */
function newestTimeMs(
  base: ArchiveState,
  states: readonly ArchiveState[],
  now: Date,
): number {
  const differentials = states.filter(
    (state) =>
      state.base === base.facts &&
      countsForRotation(state, now) &&
      holdsParts(state.facts, partsOf(base.facts)),
  );

  return Math.max(...[base, ...differentials].map(timeOf));
}

function timeOf({ facts }: ArchiveState): number {
  return facts.files.takenAt.getTime();
}

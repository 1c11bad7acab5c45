import type { ArchiveState } from '../archive/archive-state.js';
import { plural } from '../platform/units.js';
import {
  countedOf,
  newestFullOf,
  newestSetOf,
  reasonOfNewest,
  timeOf,
} from './newest-set.js';
import type {
  Candidates,
  RetentionRule,
  RuleChoice,
} from './retention-rule.js';

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

  choose(candidates: Candidates): RuleChoice {
    const newestSet = newestSetOf(candidates);
    const chosen = this.#chooseNewest(candidates, newestSet);
    const oldestMs = Math.min(...chosen.map(timeOf));

    return {
      kept: new Map(
        chosen.map((state) => [
          state,
          state === newestSet ? reasonOfNewest(state) : 'within the limit',
        ]),
      ),
      spares: (state) => chosen.length < this.limit || timeOf(state) > oldestMs,
    };
  }

  #chooseNewest(
    candidates: Candidates,
    newestSet: ArchiveState | undefined,
  ): ArchiveState[] {
    const ranked = [
      newestSet,
      newestFullOf(candidates),
      ...countedOf(candidates),
    ].filter((state) => state !== undefined);

    return [...new Set(ranked)].slice(0, this.limit);
  }
}

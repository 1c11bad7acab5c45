/** The rules of the calendar: of each of the newest days, weeks, months or years one backup stays, the newest of it. */
import type { ArchiveState } from '../archive/archive-state.js';
import { twoDigits } from '../platform/dates.js';
import { countedOf, newestFullOf, timeOf } from './newest-set.js';
import type {
  Candidates,
  RetentionRule,
  RuleChoice,
} from './retention-rule.js';

/** The periods that a rule can keep one backup of; `last` takes each backup for a period of its own. */
export const PERIODS = [
  'last',
  'daily',
  'weekly',
  'monthly',
  'yearly',
] as const;
export type Period = (typeof PERIODS)[number];

/**
 * Keeps the newest backup of each of the newest periods that have one: a period without a backup is not counted. Days begin and end by
 * the machine's local time, also those of 23 and of 25 hours; a day that the clock enters twice is one day. Weeks are those of ISO 8601.
 */
export class PeriodRule implements RetentionRule {
  /** @param count at least 1 */
  constructor(
    readonly period: Period,
    readonly count: number,
  ) {}

  /** `daily 7` */
  describe(): string {
    return `${this.period} ${String(this.count)}`;
  }

  choose(candidates: Candidates): RuleChoice {
    const newest = new Map<string, ArchiveState>();

    for (const state of countedOf(candidates)) {
      const name = nameOf(this.period, state);
      if (newest.size < this.count && !newest.has(name)) {
        newest.set(name, state);
      }
    }

    const reasons = [...newest].map(
      ([name, state]) =>
        [
          state,
          this.period === 'last' ? this.describe() : `${this.period} ${name}`,
        ] as const,
    );

    return {
      kept: new Map(reasons),
      spares: (state) => this.#isWanting(state, newest),
    };
  }

  /** Says whether an archive would be kept if it counted. */
  #isWanting(
    state: ArchiveState,
    newest: ReadonlyMap<string, ArchiveState>,
  ): boolean {
    const newer = [...newest].filter(
      ([, other]) => timeOf(other) > timeOf(state),
    );
    const name = nameOf(this.period, state);

    return (
      newer.length < this.count && newer.every(([other]) => other !== name)
    );
  }
}

/** Keeps the newest full: without it the next differential would have to be a full. */
export class NextBaseRule implements RetentionRule {
  describe(): string {
    return 'the newest full';
  }

  choose(candidates: Candidates): RuleChoice {
    const full = newestFullOf(candidates);

    return {
      kept: new Map(full ? [[full, 'newest full']] : []),
      spares: () => false,
    };
  }
}

/** The name of the period that an archive is of: `2026-11-22`, `2026-W47`, `2026-11`, `2026`. */
function nameOf(period: Period, { facts }: ArchiveState): string {
  const { stem, takenAt } = facts.files;
  const year = String(takenAt.getFullYear());
  const month = `${year}-${twoDigits(takenAt.getMonth() + 1)}`;

  switch (period) {
    case 'last':
      return stem;
    case 'daily':
      return `${month}-${twoDigits(takenAt.getDate())}`;
    case 'weekly':
      return isoWeekOf(takenAt);
    case 'monthly':
      return month;
    case 'yearly':
      return year;
  }
}

/** `2026-W01` for 2025-12-29: a week belongs to the year of its Thursday. */
function isoWeekOf(date: Date): string {
  const thursday = new Date(
    Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()),
  );
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));

  const year = thursday.getUTCFullYear();
  const dayOfYear = (thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000;

  return `${String(year)}-W${twoDigits(Math.floor(dayOfYear / 7) + 1)}`;
}

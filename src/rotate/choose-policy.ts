/** The policy that settings ask for. Pure. */
import type { RetentionSettings } from '../settings/retention-section.js';
import { RetentionPolicy } from './policy.js';
import { NextBaseRule, PeriodRule, PERIODS } from './policy-calendar.js';
import { NewestRule } from './policy-newest.js';

/** At most so many complete backups: the manual's rule. @param limit less than 1 counts as 1 */
export function limitPolicy(
  limit: number,
  keepsDifferentials: boolean,
): RetentionPolicy {
  const atLeastOne = Math.max(1, limit);

  return new RetentionPolicy(
    [new NewestRule(atLeastOne)],
    keepsDifferentials,
    atLeastOne,
  );
}

/**
 * `last` alone is a limit, as the manual's. Rules of the calendar each keep what they ask for, and the newest full besides; what they
 * keep they keep with all its differentials, so that its days can be recovered as long as it is there.
 */
export function retentionPolicy(
  settings: RetentionSettings,
  keepsDifferentials: boolean,
): RetentionPolicy {
  const rules = PERIODS.flatMap((period) => {
    const count = settings[period];

    return count === undefined ? [] : [new PeriodRule(period, count)];
  });

  const [first, second] = rules;
  if (first?.period === 'last' && !second) {
    return limitPolicy(first.count, keepsDifferentials);
  }

  return new RetentionPolicy([...rules, new NextBaseRule()], true);
}

/** How many archives stay, as `[retention]` and `[mirror]` of kms-backup.ini say it. */
import type { SectionReader } from './ini-section.js';

/** So many of the newest backups, and of the newest days, weeks, months and years that have one; an undefined one keeps none. */
export interface RetentionSettings {
  readonly last: number | undefined;
  readonly daily: number | undefined;
  readonly weekly: number | undefined;
  readonly monthly: number | undefined;
  readonly yearly: number | undefined;
}

const MOST = 999_999;

export function readRetention(section: SectionReader): RetentionSettings {
  return {
    last: section.integer('last', 1, MOST),
    daily: section.integer('daily', 1, MOST),
    weekly: section.integer('weekly', 1, MOST),
    monthly: section.integer('monthly', 1, MOST),
    yearly: section.integer('yearly', 1, MOST),
  };
}

/** The rules of a section; undefined where it sets none. */
export function rulesIn(
  settings: RetentionSettings,
): RetentionSettings | undefined {
  const isSet = Object.values(settings).some((count) => count !== undefined);

  return isSet ? settings : undefined;
}

import { plural } from '../platform/units.js';
import type { ArchiveState } from './archive-state.js';
import { countsForRotation, partsOf } from './completeness.js';

/** The archives that remain after a rotation, counted as its limit counts them. */
export interface KeptCounts {
  /** Fulls and copies that are whole and proven: what the limit is for. */
  readonly complete: number;
  readonly differentials: number;
  /** Complete backups that a pin alone keeps: they go beyond the limit. */
  readonly pinned: number;
  /** Of some parts only, lacking something, damaged, or never verified. */
  readonly others: number;
}

/** Counts archives that stay. Pure. @param pinnedOnly those that a pin alone keeps */
export function countKept(
  states: readonly ArchiveState[],
  now: Date,
  pinnedOnly: ReadonlySet<ArchiveState> = new Set(),
): KeptCounts {
  const isComplete = (state: ArchiveState): boolean =>
    countsForRotation(state, now) && partsOf(state.facts) === undefined;

  const bases = states.filter(
    ({ facts }) => facts.files.type !== 'differential',
  );
  const complete = bases.filter(isComplete);
  const pinned = complete.filter((state) => pinnedOnly.has(state));

  return {
    complete: complete.length - pinned.length,
    differentials: states.length - bases.length,
    pinned: pinned.length,
    others: bases.length - complete.length,
  };
}

/** `kept 3 of at most 7 complete backups, and 2 differentials`. @param limit null where rules set no such number */
export function describeKept(
  { complete, differentials, pinned, others }: KeptCounts,
  limit: number | null,
): string {
  const further = [
    ...(pinned > 0 ? [`${String(pinned)} pinned besides`] : []),
    ...(differentials > 0 ? [plural(differentials, 'differential')] : []),
    ...(others > 0 ? [plural(others, 'other archive')] : []),
  ];

  const counted =
    limit === null
      ? `kept ${plural(complete, 'complete backup')}`
      : `kept ${String(complete)} of at most ${plural(limit, 'complete backup')}`;

  return further.length === 0
    ? counted
    : `${counted}, and ${further.join(' and ')}`;
}

import {
  countsForRotation,
  describeParts,
  holdsParts,
  isFuture,
  mayPushOut,
  partsOf,
} from '../archive/completeness.js';
import type { ArchiveState } from '../archive/archive-state.js';

/**
 * Which archives stay. Pure: the same states give the same verdicts, each with its reason.
 *
 * With limit 2 (oldest first, all verified):
 *   F1 I1 F2 F3 I3      keeps F2 F3 I3
 *   F1 I1 C1            keeps F1 I1 C1
 *   F1 I1 C1 C2         keeps F1 I1 C2: the newest full keeps its place, so that the next differential has its base
 *   F1 F2 F3(damaged)   keeps F1 F2 F3: what is not proven pushes nothing out
 *   F1 C1 I1            keeps F1 C1 I1, with limit 1 F1 I1: the newest point in time stays
 *   F1 F2 C1(lists)     keeps F1 F2 C1: a backup of some parts counts only among its like
 *   F1 F2 F3(no users)  keeps F1 F2 F3: what lacks users.cfg is no complete backup, and pushes nothing out
 */
export interface RetentionPolicy {
  /** At most that many complete backups, fulls and copies alike; at least 1. */
  readonly limit: number;
  /** Every differential stays with its full, not only the newest. */
  readonly keepsDifferentials: boolean;
  readonly now: Date;
}

export interface Verdict {
  readonly state: ArchiveState;
  readonly action: 'keep' | 'remove';
  readonly reason: string;
}

/** A verdict for every archive, in the given order: oldest first. */
export function judgeArchives(
  states: readonly ArchiveState[],
  policy: RetentionPolicy,
): Verdict[] {
  const bases = new Map<ArchiveState, Verdict>();
  for (const like of groupByParts(
    states.filter(({ facts }) => facts.files.type !== 'differential'),
  )) {
    const kept = chooseKept(like, states, policy);
    const oldestKept = like.find((state) => kept.has(state));

    for (const state of like) {
      bases.set(state, judgeBase(state, policy, { kept, oldestKept }));
    }
  }

  return states.map(
    (state) =>
      bases.get(state) ?? judgeDifferential(state, states, { policy, bases }),
  );
}

function groupByParts(states: readonly ArchiveState[]): ArchiveState[][] {
  const groups = new Map<string | undefined, ArchiveState[]>();
  for (const state of states) {
    const key = partsOf(state.facts)?.join();
    const group = groups.get(key);

    if (group) group.push(state);
    else groups.set(key, [state]);
  }

  return [...groups.values()];
}

/** What the newest point in time needs; the newest full, where the limit has room beside it; then the newest of all. */
function chooseKept(
  like: readonly ArchiveState[],
  states: readonly ArchiveState[],
  policy: RetentionPolicy,
): ReadonlySet<ArchiveState> {
  const complete = like
    .filter((state) => countsForRotation(state, policy.now))
    .reverse();
  const reach = (state: ArchiveState): number =>
    newestTimeMs(state, states, policy);

  const newestPoint = complete.reduce<ArchiveState | undefined>(
    (best, state) => (best && reach(best) >= reach(state) ? best : state),
    undefined,
  );

  const newestFull = complete.find(({ facts }) => facts.files.type === 'full');
  const wanted = [newestPoint, newestFull, ...complete].filter(
    (state) => state !== undefined,
  );

  return new Set([...new Set(wanted)].slice(0, policy.limit));
}

/** The newest point in time that a complete backup and its proven differentials reach. */
function newestTimeMs(
  base: ArchiveState,
  states: readonly ArchiveState[],
  policy: RetentionPolicy,
): number {
  const chain = states.filter(
    (state) =>
      state.base === base.facts &&
      countsForRotation(state, policy.now) &&
      holdsParts(state.facts, partsOf(base.facts)),
  );

  return Math.max(
    ...[base, ...chain].map(({ facts }) => facts.files.takenAt.getTime()),
  );
}

interface Kept {
  readonly kept: ReadonlySet<ArchiveState>;
  readonly oldestKept: ArchiveState | undefined;
}

function judgeBase(
  state: ArchiveState,
  policy: RetentionPolicy,
  { kept, oldestKept }: Kept,
): Verdict {
  const keep = (reason: string): Verdict => ({ state, action: 'keep', reason });
  if (!oldestKept) return keep('no backup is proven, so nothing is removed');
  if (kept.has(state)) return keep(reasonToKeep(state, kept));
  if (isFuture(state, policy.now)) return keep('dated in the future');

  if (
    state.facts.files.takenAt > oldestKept.facts.files.takenAt &&
    !countsForRotation(state, policy.now)
  ) {
    return keep(`${reasonNotToCount(state)}, so not counted`);
  }

  // Older ones go only when as many proven backups as the limit asks for remain.
  if (kept.size < policy.limit) return keep('within the limit');

  return {
    state,
    action: 'remove',
    reason: `over the limit of ${policy.limit}`,
  };
}

function reasonNotToCount({ isRecoverable, lacks }: ArchiveState): string {
  if (!isRecoverable) return 'not recoverable';
  return lacks.length > 0 ? `lacks ${lacks.join(', ')}` : 'not verified';
}

function reasonToKeep(
  state: ArchiveState,
  kept: ReadonlySet<ArchiveState>,
): string {
  const newest = [...kept].reduce((a, b) =>
    b.facts.files.takenAt > a.facts.files.takenAt ? b : a,
  );
  const parts = describeParts(state.facts);

  if (state === newest) {
    return parts === undefined
      ? 'newest complete backup'
      : `newest backup of ${parts}`;
  }

  return 'within the limit';
}

function judgeDifferential(
  state: ArchiveState,
  states: readonly ArchiveState[],
  {
    policy,
    bases,
  }: { policy: RetentionPolicy; bases: ReadonlyMap<ArchiveState, Verdict> },
): Verdict {
  const base = states.find(({ facts }) => facts === state.base);
  if (!base) {
    return {
      state,
      action: 'keep',
      reason: 'its full is missing: decide by hand',
    };
  }

  if (bases.get(base)?.action === 'remove') {
    return { state, action: 'remove', reason: 'its full goes' };
  }

  if (isFuture(state, policy.now)) {
    return { state, action: 'keep', reason: 'dated in the future' };
  }

  const siblings = states.filter((other) => other.base === state.base);
  const successor = siblings
    .slice(siblings.indexOf(state) + 1)
    .find((other) => mayPushOut(other, state, policy.now));

  if (successor && !policy.keepsDifferentials) {
    return {
      state,
      action: 'remove',
      reason: 'replaced by a newer differential',
    };
  }

  return { state, action: 'keep', reason: 'differential of a kept full' };
}

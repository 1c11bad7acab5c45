import type { ArchiveState } from '../archive/archive-state.js';
import {
  countsForRotation,
  isFuture,
  mayPushOut,
  partsOf,
} from '../archive/completeness.js';
import { withPin } from './hold-pinned.js';
import { newestSetOf, reasonOfNewest } from './newest-set.js';
import type {
  Candidates,
  RetentionRule,
  RuleChoice,
  Verdict,
} from './retention-rule.js';

export type { Verdict };

/**
 * Decides which archives stay. Pure: the same states give the same verdicts, each with its reason.
 *
 * Example for the newest 2 complete backups (oldest first, all verified):
 *   F1 I1 F2 F3 I3      keeps F2 F3 I3
 *   F1 I1 C1            keeps F1 I1 C1
 *   F1 I1 C1 C2         keeps F1 I1 C2: the newest full keeps its place, so that the next differential has its base
 *   F1 F2 F3(damaged)   keeps F1 F2 F3: an archive that is not proven pushes none out
 *   F1 C1 I1            keeps F1 C1 I1, with limit 1 F1 I1: the newest point in time stays
 *   F1 F2 C1(lists)     keeps F1 F2 C1: a backup of some parts counts only among its like
 *   F1 F2 F3(no users)  keeps F1 F2 F3: without users.cfg an archive is no complete backup, and pushes none out
 */
export class RetentionPolicy {
  /**
   * @param rules a backup stays where one of them keeps it
   * @param keepsDifferentials every differential stays with its full, not only the newest
   * @param limit so many complete backups stay at most; undefined where the rules set no such number
   */
  constructor(
    readonly rules: readonly RetentionRule[],
    readonly keepsDifferentials: boolean,
    readonly limit?: number,
  ) {}

  /** `at most 5 complete backups, each full with its newest differential` */
  describe(): string {
    const differentials = this.keepsDifferentials
      ? 'each full with all its differentials'
      : 'each full with its newest differential';

    return [...this.rules.map((rule) => rule.describe()), differentials].join(
      ', ',
    );
  }

  /** Why an archive goes. */
  describeExcess(): string {
    return this.limit === undefined
      ? 'no rule keeps it'
      : `over the limit of ${String(this.limit)}`;
  }
}

/** A verdict for every archive, in the given order: oldest first. */
export function judgeArchives(
  states: readonly ArchiveState[],
  policy: RetentionPolicy,
  now: Date,
): Verdict[] {
  const bases = new Map<ArchiveState, Verdict>();

  for (const like of groupByParts(states)) {
    for (const verdict of judgeLike({ like, states, now }, policy)) {
      bases.set(verdict.state, withPin(verdict, { states, now }));
    }
  }

  const judged = { states, bases, policy, now };

  return states.map(
    (state) =>
      bases.get(state) ?? withPin(judgeDifferential(state, judged), judged),
  );
}

/** Fulls and copies of the same parts compete with each other alone. */
function groupByParts(states: readonly ArchiveState[]): ArchiveState[][] {
  const groups = new Map<string | undefined, ArchiveState[]>();

  for (const state of states) {
    if (state.facts.files.type === 'differential') continue;

    const key = partsOf(state.facts)?.join();
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(state);
  }

  return [...groups.values()];
}

/** Unites what the rules keep. The newest point in time stays whatever they say. */
function judgeLike(candidates: Candidates, policy: RetentionPolicy): Verdict[] {
  const choices = policy.rules.map((rule) => rule.choose(candidates));
  const newest = newestSetOf(candidates);

  return candidates.like.map((state) => {
    const reasons = choices.flatMap(({ kept }) => kept.get(state) ?? []);
    if (state === newest) reasons.unshift(reasonOfNewest(state));
    if (reasons.length > 0) return keep(state, ...new Set(reasons));

    return newest
      ? judgeLeft(state, choices, { policy, now: candidates.now })
      : keep(state, 'no backup is proven, so nothing is removed');
  });
}

/** An archive that no rule keeps. */
function judgeLeft(
  state: ArchiveState,
  choices: readonly RuleChoice[],
  { policy, now }: { readonly policy: RetentionPolicy; readonly now: Date },
): Verdict {
  if (isFuture(state, now)) return keep(state, 'dated in the future');

  // It goes only when as many proven ones as the rules ask for remain in its place.
  const isSpared =
    !countsForRotation(state, now) &&
    choices.some(({ spares }) => spares(state));

  return isSpared
    ? keep(state, `${reasonNotToCount(state)}, so not counted`)
    : remove(state, policy.describeExcess());
}

function keep(state: ArchiveState, ...reasons: string[]): Verdict {
  return { state, action: 'keep', reasons };
}

function remove(state: ArchiveState, reason: string): Verdict {
  return { state, action: 'remove', reasons: [reason] };
}

function reasonNotToCount({ isRecoverable, lacks }: ArchiveState): string {
  if (!isRecoverable) return 'not recoverable';
  return lacks.length > 0 ? `lacks ${lacks.join(', ')}` : 'not verified';
}

/** All archives, and the verdicts on fulls and copies. */
interface Judged {
  readonly states: readonly ArchiveState[];
  readonly bases: ReadonlyMap<ArchiveState, Verdict>;
  readonly policy: RetentionPolicy;
  readonly now: Date;
}

function judgeDifferential(state: ArchiveState, judged: Judged): Verdict {
  const { states, bases, policy, now } = judged;

  const base = states.find(({ facts }) => facts === state.base);
  if (!base) return keep(state, 'its full is missing: decide by hand');
  if (bases.get(base)?.action === 'remove') {
    return remove(state, 'its full goes');
  }

  if (isFuture(state, now)) return keep(state, 'dated in the future');

  const siblings = states.filter((other) => other.base === state.base);
  const successor = siblings
    .slice(siblings.indexOf(state) + 1)
    .find((other) => mayPushOut(other, state, now));

  return successor && !policy.keepsDifferentials
    ? remove(state, 'replaced by a newer differential')
    : keep(state, 'differential of a kept full');
}

import type { ArchiveState } from '../archive/archive-state.js';
import {
  countsForRotation,
  isFuture,
  mayPushOut,
  partsOf,
} from '../archive/completeness.js';

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
   */
  constructor(
    readonly rules: readonly RetentionRule[],
    readonly keepsDifferentials: boolean,
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
}

/** A reason to keep complete backups. */
export interface RetentionRule {
  describe(): string;
  /** Why an archive goes that the rule does not keep. */
  describeExcess(): string;
  choose(candidates: Candidates): RuleChoice;
}

/** The archives among which a rule chooses. */
export interface Candidates {
  /** Fulls and copies of the same parts, oldest first. */
  readonly like: readonly ArchiveState[];
  /** All archives of the directory. */
  readonly states: readonly ArchiveState[];
  readonly now: Date;
}

export interface RuleChoice {
  /** The archives that the rule keeps, each with the reason. */
  readonly kept: ReadonlyMap<ArchiveState, string>;
  /** The rule found all archives that it asks for. Until then no archive is removed. */
  readonly isFilled: boolean;
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
  now: Date,
): Verdict[] {
  const bases = new Map<ArchiveState, Verdict>();

  for (const like of groupByParts(states)) {
    for (const verdict of judgeLike({ like, states, now }, policy)) {
      bases.set(verdict.state, verdict);
    }
  }

  const judged = { states, bases, policy, now };

  return states.map(
    (state) => bases.get(state) ?? judgeDifferential(state, judged),
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

/** Unites what the rules keep. Where two keep an archive, the first one's reason is named. */
function judgeLike(
  candidates: Candidates,
  { rules }: RetentionPolicy,
): Verdict[] {
  const choices = rules.map((rule) => rule.choose(candidates));
  const kept = new Map(
    [...choices].reverse().flatMap((choice) => [...choice.kept]),
  );

  const { like, now } = candidates;
  const union = {
    kept,
    oldestKept: like.find((state) => kept.has(state)),
    isFilled: choices.every(({ isFilled }) => isFilled),
    excess: rules.map((rule) => rule.describeExcess()).join(', '),
    now,
  };

  return like.map((state) => judgeBase(state, union));
}

/** The archives of the same parts that all rules together keep. */
interface Union extends RuleChoice {
  readonly oldestKept: ArchiveState | undefined;
  readonly excess: string;
  readonly now: Date;
}

function judgeBase(state: ArchiveState, union: Union): Verdict {
  const { kept, oldestKept, isFilled, excess, now } = union;
  const keep = (reason: string): Verdict => ({ state, action: 'keep', reason });

  if (!oldestKept) return keep('no backup is proven, so nothing is removed');

  const reason = kept.get(state);
  if (reason !== undefined) return keep(reason);
  if (isFuture(state, now)) return keep('dated in the future');

  if (
    state.facts.files.takenAt > oldestKept.facts.files.takenAt &&
    !countsForRotation(state, now)
  ) {
    return keep(`${reasonNotToCount(state)}, so not counted`);
  }

  // Older ones go only when as many proven backups as the rules ask for remain.
  return isFilled
    ? { state, action: 'remove', reason: excess }
    : keep('within the limit');
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
  const keep = (reason: string): Verdict => ({ state, action: 'keep', reason });
  const remove = (reason: string): Verdict => ({
    state,
    action: 'remove',
    reason,
  });

  const base = states.find(({ facts }) => facts === state.base);
  if (!base) return keep('its full is missing: decide by hand');
  if (bases.get(base)?.action === 'remove') return remove('its full goes');
  if (isFuture(state, now)) return keep('dated in the future');

  const siblings = states.filter((other) => other.base === state.base);
  const successor = siblings
    .slice(siblings.indexOf(state) + 1)
    .find((other) => mayPushOut(other, state, now));

  return successor && !policy.keepsDifferentials
    ? remove('replaced by a newer differential')
    : keep('differential of a kept full');
}

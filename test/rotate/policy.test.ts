import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArchiveFacts } from '../../src/archive/archive-facts.js';
import type { ArchiveType } from '../../src/archive/names.js';
import type { ArchiveState } from '../../src/archive/archive-state.js';
import { newestPoint } from '../../src/archive/completeness.js';
import { NewestRule } from '../../src/rotate/policy-newest.js';
import type {
  RetentionRule,
  RuleChoice,
} from '../../src/rotate/retention-rule.js';
import { limitPolicy } from '../../src/rotate/choose-policy.js';
import {
  judgeArchives,
  RetentionPolicy,
  type Verdict,
} from '../../src/rotate/policy.js';

const DAY_MS = 86_400_000;
const FIRST_MS = Date.UTC(2026, 0, 1);
const NOW = new Date(Date.UTC(2026, 5, 1));

interface Spec {
  readonly letter: 'F' | 'I' | 'C';
  readonly isSound: boolean;
  readonly isVerified: boolean;
  readonly parts: readonly string[] | undefined;
  /** A differential whose full is not there. */
  readonly isOrphan: boolean;
}

const TYPES: Readonly<Record<Spec['letter'], ArchiveType>> = {
  F: 'full',
  I: 'differential',
  C: 'copy',
};

/** States as `inspectStorage` gives them, a day between two; the last `future` of them lie ahead of now. */
function toStates(specs: readonly Spec[], future = 0): ArchiveState[] {
  const states: ArchiveState[] = [];
  specs.forEach((spec, index) => {
    const isFuture = index >= specs.length - future;
    const takenAt = new Date(
      (isFuture ? NOW.getTime() + DAY_MS : FIRST_MS) + index * DAY_MS,
    );
    const base =
      spec.letter === 'I' && !spec.isOrphan
        ? states.findLast(({ facts }) => isFull(facts))
        : undefined;
    const isRecoverable =
      spec.isSound && (spec.letter !== 'I' || base?.isRecoverable === true);
    const facts = {
      files: {
        stem: `${spec.letter}${String(index + 1)}`,
        type: TYPES[spec.letter],
        takenAt,
      },
      version: { parts: spec.parts },
    } as unknown as ArchiveFacts;
    const verifiedAt = spec.isVerified ? takenAt : undefined;
    states.push({
      facts,
      base: base?.facts,
      isRecoverable,
      isPartlyRecoverable: false,
      fault: isRecoverable ? undefined : 'damaged',
      chainFault: undefined,
      baseFault: undefined,
      damage: [],
      unreadable: undefined,
      verifiedAt,
      lacks: [],
    });
  });
  return states;
}

const isFull = ({ files }: ArchiveFacts): boolean => files.type === 'full';
const isBase = ({ facts }: ArchiveState): boolean =>
  facts.files.type !== 'differential';
const stemOf = (state: ArchiveState): string => state.facts.files.stem;
const isAhead = ({ facts }: ArchiveState): boolean => facts.files.takenAt > NOW;
const isProven = (state: ArchiveState): boolean =>
  state.isRecoverable && state.verifiedAt !== undefined && !isAhead(state);
const partsKey = ({ facts }: ArchiveState): string =>
  facts.version?.parts?.join() ?? 'all';
const stays = (verdicts: readonly Verdict[]): ArchiveState[] =>
  verdicts.filter(({ action }) => action === 'keep').map(({ state }) => state);

const spec: fc.Arbitrary<Spec> = fc.record({
  letter: fc.constantFrom('F', 'F', 'I', 'I', 'C'),
  isSound: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
  isVerified: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
  parts: fc.constantFrom(undefined, undefined, undefined, ['lists']),
  isOrphan: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});
const cases = fc.record({
  states: fc
    .tuple(fc.array(spec, { maxLength: 10 }), fc.integer({ min: 0, max: 2 }))
    .map(([specs, future]) => toStates(specs, future)),
  limit: fc.integer({ min: 1, max: 4 }),
  keepsDifferentials: fc.boolean(),
});

const newest = (limit: number, keepsDifferentials = false): RetentionPolicy =>
  limitPolicy(limit, keepsDifferentials);

const judge = (
  states: readonly ArchiveState[],
  policy: RetentionPolicy,
): Verdict[] => judgeArchives(states, policy, NOW);

function holds(
  property: (
    states: ArchiveState[],
    policy: RetentionPolicy,
    limit: number,
  ) => void,
): void {
  fc.assert(
    fc.property(cases, ({ states, limit, keepsDifferentials }) => {
      property(states, newest(limit, keepsDifferentials), limit);
    }),
    { numRuns: 1000, seed: 5 },
  );
}

describe('rotation, whatever lies in the directory', () => {
  it('gives every archive one verdict with a reason, in the given order', () => {
    holds((states, policy) => {
      const verdicts = judge(states, policy);
      expect(verdicts.map(({ state }) => state)).toEqual(states);
      for (const { reasons } of verdicts) expect(reasons[0]).toMatch(/\S/);
    });
  });

  it('keeps exactly as many proven backups as the limit says, or all that there are, of each kind of parts', () => {
    holds((states, policy, limit) => {
      const kept = stays(judge(states, policy)).filter(isBase).filter(isProven);
      const all = states.filter(isBase).filter(isProven);
      for (const key of new Set(all.map(partsKey))) {
        const has = (state: ArchiveState): boolean => partsKey(state) === key;
        expect(kept.filter(has)).toHaveLength(
          Math.min(limit, all.filter(has).length),
        );
      }
    });
  });

  it('never removes the last complete proven backup, nor the newest proven point in time', () => {
    holds((states, policy) => {
      const kept = stays(judge(states, policy));
      const whole = states
        .filter((state) => partsKey(state) === 'all')
        .filter(isProven);
      expect(kept.some((state) => isBase(state) && whole.includes(state))).toBe(
        whole.some(isBase),
      );
      const reachable = whole.filter(
        ({ base }) =>
          !base ||
          whole.some(
            ({ facts, ...rest }) =>
              facts === base && isProven({ facts, ...rest }),
          ),
      );
      const point = newestPoint(reachable);
      if (point) expect(kept).toContain(point);
    });
  });

  it('lets nothing that is damaged, unverified or dated in the future push out a good backup', () => {
    holds((states, policy) => {
      const good = states.filter(
        (state) =>
          isProven(state) && (isBase(state) || state.base !== undefined),
      );
      const withOthers = judge(states, policy).filter(({ state }) =>
        good.includes(state),
      );
      const alone = judge(good, policy).filter(({ state }) => isBase(state));
      for (const { state, action } of alone) {
        expect(
          withOthers.find((verdict) => verdict.state === state)?.action,
          stemOf(state),
        ).toBe(action);
      }
    });
  });

  it('keeps the full of every differential that stays', () => {
    holds((states, policy) => {
      const kept = stays(judge(states, policy));
      for (const { base } of kept) {
        if (base) expect(kept.map(({ facts }) => facts)).toContain(base);
      }
    });
  });

  it('keeps the newest full and its newest differential where the limit is more than one', () => {
    holds((states, policy, limit) => {
      const like = states.filter(
        (state) => partsKey(state) === 'all' && isProven(state),
      );
      const full = like.findLast(({ facts }) => isFull(facts));
      if (!full || limit < 2) return;
      const kept = stays(judge(states, policy));
      expect(kept).toContain(full);
      const differential = like.findLast(({ base }) => base === full.facts);
      if (differential) expect(kept).toContain(differential);
    });
  });

  it('keeps every differential of a kept full where it is told to', () => {
    holds((states, _policy, limit) => {
      const kept = stays(judge(states, newest(limit, true)));
      for (const state of states) {
        const base = kept.find(({ facts }) => facts === state.base);
        if (base) expect(kept).toContain(state);
      }
    });
  });

  it('has nothing left to remove when it is done', () => {
    holds((states, policy) => {
      const kept = stays(judge(states, policy));
      expect(
        judge(kept, policy).filter(({ action }) => action === 'remove'),
      ).toEqual([]);
    });
  });
});

describe('rotation by example', () => {
  const good = {
    isSound: true,
    isVerified: true,
    parts: undefined,
    isOrphan: false,
  };
  /** `F1 I2 C3?`: `?` unverified, `!` damaged, `*` of lists alone. */
  const kept = (
    text: string,
    limit: number,
    keepsDifferentials = false,
  ): string => {
    const specs = text.split(' ').map((word): Spec => {
      const letter = word.slice(0, 1) as Spec['letter'];
      const changes = {
        isVerified: !word.endsWith('?'),
        isSound: !word.endsWith('!'),
      };
      return {
        ...good,
        ...changes,
        letter,
        parts: word.endsWith('*') ? ['lists'] : undefined,
      };
    });
    return stays(judge(toStates(specs), newest(limit, keepsDifferentials)))
      .map(stemOf)
      .join(' ');
  };

  it.each([
    ['F I F F I', 2, 'F3 F4 I5'],
    ['F I C', 2, 'F1 I2 C3'],
    ['F I C C', 2, 'F1 I2 C4'],
    ['F I C', 1, 'C3'],
    ['F F F!', 2, 'F1 F2 F3'],
    ['F F?', 1, 'F1 F2'],
    ['F? F', 2, 'F1 F2'],
    ['F? F F', 2, 'F2 F3'],
    ['F! F', 1, 'F2'],
    ['F I I', 1, 'F1 I3'],
    ['F I I?', 1, 'F1 I2 I3'],
    ['F I I!', 1, 'F1 I2 I3'],
    ['F C I', 1, 'F1 I3'],
    ['F F C* C*', 1, 'F2 C4'],
    ['F I I*', 1, 'F1 I2 I3'],
    ['F I* I', 1, 'F1 I3'],
    ['F? F? F?', 1, 'F1 F2 F3'],
  ])('of %s with limit %i keeps %s', (text, limit, expected) => {
    expect(kept(text, limit)).toBe(expected);
  });

  it('keeps each differential where it is told to', () => {
    expect(kept('F I I F I I', 1, true)).toBe('F4 I5 I6');
  });

  it('says which rule keeps or removes each', () => {
    const specs = [
      { ...good, letter: 'F' },
      { ...good, letter: 'I', isOrphan: true },
      { ...good, letter: 'F' },
      { ...good, letter: 'I' },
      { ...good, letter: 'I' },
      { ...good, letter: 'C', isVerified: false },
      { ...good, letter: 'C', isSound: false },
      { ...good, letter: 'C', parts: ['lists', 'mail'] },
      { ...good, letter: 'C' },
    ] as const;
    const verdicts = judge(toStates(specs, 1), newest(1));
    expect(
      verdicts.map(
        ({ state, action, reasons }) =>
          `${stemOf(state)} ${action} ${reasons.join(', ')}`,
      ),
    ).toEqual([
      'F1 remove over the limit of 1',
      'I2 keep its full is missing: decide by hand',
      'F3 keep newest complete backup',
      'I4 remove replaced by a newer differential',
      'I5 keep differential of a kept full',
      'C6 keep not verified, so not counted',
      'C7 keep not recoverable, so not counted',
      'C8 keep newest backup of lists, mail',
      'C9 keep dated in the future',
    ]);
  });
});

describe('a policy', () => {
  /** Keeps archives by their names. */
  class NamedRule implements RetentionRule {
    constructor(private readonly stems: readonly string[]) {}

    describe(): string {
      return `by name: ${this.stems.join(' ')}`;
    }

    choose({ like }: { readonly like: readonly ArchiveState[] }): RuleChoice {
      const named = like.filter((state) => this.stems.includes(stemOf(state)));

      return {
        kept: new Map(named.map((state) => [state, 'named'])),
        spares: () => false,
      };
    }
  }

  const fulls = toStates(
    Array.from({ length: 4 }, () => ({
      letter: 'F',
      isSound: true,
      isVerified: true,
      parts: undefined,
      isOrphan: false,
    })),
  );

  it('says what it keeps', () => {
    expect(newest(5).describe()).toBe(
      'at most 5 complete backups, each full with its newest differential',
    );
    expect(newest(1, true).describe()).toBe(
      'at most 1 complete backup, each full with all its differentials',
    );
  });

  it('is a value: two of the same are equal', () => {
    expect(newest(5)).toEqual(newest(5));
    expect(newest(5)).not.toEqual(newest(4));
  });

  it('unites its rules, and names the reason of each that keeps an archive', () => {
    const policy = new RetentionPolicy(
      [new NewestRule(1), new NamedRule(['F1', 'F4'])],
      false,
    );

    expect(
      judge(fulls, policy).map(
        ({ state, action, reasons }) =>
          `${stemOf(state)} ${action} ${reasons.join(', ')}`,
      ),
    ).toEqual([
      'F1 keep named',
      'F2 remove no rule keeps it',
      'F3 remove no rule keeps it',
      'F4 keep newest complete backup, named',
    ]);
  });

  it('keeps the newest complete backup, whatever its rules say', () => {
    const policy = new RetentionPolicy([new NamedRule(['F1'])], false);

    expect(stays(judge(fulls, policy)).map(stemOf)).toEqual(['F1', 'F4']);
    expect(stays(judge(fulls, new RetentionPolicy([], false)))).toEqual(
      fulls.slice(3),
    );
  });
});

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchiveState } from '../../src/archive/archive-state.js';
import { formatStem } from '../../src/archive/names.js';
import { isKeptByPin } from '../../src/archive/pin-words.js';
import type { PinState } from '../../src/archive/pins.js';
import { retentionPolicy } from '../../src/rotate/choose-policy.js';
import { judgeArchives, type Verdict } from '../../src/rotate/policy.js';
import type { RetentionSettings } from '../../src/settings/retention-section.js';
import { rulesOf, stateNamed } from '../helpers/retention.js';

const NOW = new Date('2027-06-01T00:00:00Z');
const ZONE_BEFORE = process.env['TZ'];

const useZone = (zone: string): void => {
  process.env['TZ'] = zone;
};

beforeEach(() => {
  useZone('Europe/Prague');
});
afterEach(() => {
  if (ZONE_BEFORE === undefined) delete process.env['TZ'];
  else useZone(ZONE_BEFORE);
});

type Rules = Partial<RetentionSettings>;

const judge = (states: readonly ArchiveState[], rules: Rules): Verdict[] =>
  judgeArchives(states, retentionPolicy(rulesOf(rules), false), NOW);

const kept = (verdicts: readonly Verdict[]): ArchiveState[] =>
  verdicts.filter(({ action }) => action === 'keep').map(({ state }) => state);

/** Fulls of these local times, oldest first. */
const fullsAt = (...times: string[]): ArchiveState[] =>
  times.map((time) => stateNamed(formatStem('full', new Date(time))));

/** The reasons of each, in a line. */
const said = (states: readonly ArchiveState[], rules: Rules): string[] =>
  judge(states, rules).map(
    ({ action, reasons }) => `${action} ${reasons.join(', ')}`,
  );

describe('rules of the calendar', () => {
  it('keep the newest of each day, week, month and year that has one, and name it', () => {
    const states = fullsAt(
      '2025-12-31T01:00:00Z',
      '2026-01-04T01:00:00Z',
      '2026-02-01T01:00:00Z',
      '2026-02-01T09:00:00Z',
      '2026-02-02T01:00:00Z',
    );

    expect(
      said(states, { last: 1, daily: 2, weekly: 2, monthly: 2, yearly: 9 }),
    ).toEqual([
      'keep yearly 2025',
      'keep monthly 2026-01',
      'remove no rule keeps it',
      'keep daily 2026-02-01, weekly 2026-W05',
      'keep newest complete backup, last 1, daily 2026-02-02, weekly 2026-W06, monthly 2026-02, yearly 2026, newest full',
    ]);
  });

  it.each([
    ['2020-12-31T12:00:00Z', '2020-W53'],
    ['2021-01-03T12:00:00Z', '2020-W53'],
    ['2021-01-04T12:00:00Z', '2021-W01'],
    ['2024-12-30T12:00:00Z', '2025-W01'],
    ['2026-01-01T12:00:00Z', '2026-W01'],
    ['2026-12-31T12:00:00Z', '2026-W53'],
  ])('take %s for a day of week %s', (time, week) => {
    expect(said(fullsAt(time), { weekly: 1 })[0]).toContain(`weekly ${week}`);
  });

  it('take the days of the local zone, also those of 23 and of 25 hours', () => {
    // 23:30 and 00:30 in Prague, around both changes of the clock.
    const states = fullsAt(
      '2026-03-28T22:30:00Z',
      '2026-03-28T23:30:00Z',
      '2026-03-29T21:30:00Z',
      '2026-10-24T22:30:00Z',
      '2026-10-25T22:30:00Z',
    );
    const days = { daily: 9 };

    expect(kept(judge(states, days))).toEqual([
      states[0],
      states[2],
      states[4],
    ]);
    useZone('UTC');
    expect(kept(judge(states, days))).toEqual([
      states[1],
      states[2],
      states[3],
      states[4],
    ]);
  });

  it('count a day once that the clock enters twice', () => {
    // At 00:01 of November 7 the clock of St. John's went back to 23:01 of the 6th.
    useZone('America/St_Johns');
    const states = fullsAt(
      '2010-11-07T01:30:00Z',
      '2010-11-07T02:30:30Z',
      '2010-11-07T03:00:00Z',
      '2010-11-07T12:00:00Z',
    );

    expect(kept(judge(states, { daily: 2 }))).toEqual([states[2], states[3]]);
  });

  it('keep the newest full beside newer copies, and a full whose differential is the newest point', () => {
    const [full] = fullsAt('2026-01-01T01:00:00Z');
    const copies = ['2026-01-02T01:00:00Z', '2026-01-03T01:00:00Z'].map(
      (time) => stateNamed(formatStem('copy', new Date(time))),
    );
    const differential = stateNamed('I20260104T010000Z', { base: full?.facts });
    const rules = { last: 1, daily: 1 };

    expect(kept(judge([full, ...copies] as ArchiveState[], rules))).toEqual([
      full,
      copies[1],
    ]);
    expect(
      said([full, ...copies, differential] as ArchiveState[], rules),
    ).toEqual([
      'keep newest complete backup, newest full',
      'remove no rule keeps it',
      'keep last 1, daily 2026-01-03',
      'keep differential of a kept full',
    ]);
  });

  it('keep what is not proven as long as a rule would keep it if it were, and count it never', () => {
    const times = [1, 2, 3, 4].map(
      (day) => `2026-01-0${String(day)}T01:00:00Z`,
    );
    const [first, second, third, fourth] = fullsAt(...times) as [
      ArchiveState,
      ArchiveState,
      ArchiveState,
      ArchiveState,
    ];
    const unproven = (state: ArchiveState): ArchiveState => ({
      ...state,
      verifiedAt: undefined,
    });

    expect(
      said([first, second, unproven(third), fourth], { daily: 2 }),
    ).toEqual([
      'remove no rule keeps it',
      'keep daily 2026-01-02',
      'keep not verified, so not counted',
      'keep newest complete backup, daily 2026-01-04, newest full',
    ]);
    expect(said([unproven(first), second, third], { daily: 2 })[0]).toBe(
      'remove no rule keeps it',
    );
    expect(said([unproven(first), unproven(second)], { daily: 1 })).toEqual(
      Array(2).fill('keep no backup is proven, so nothing is removed'),
    );
  });

  it('let an archive that is dated in the future push out nothing, and keep it', () => {
    const states = fullsAt('2026-01-01T01:00:00Z', '2036-01-01T01:00:00Z');

    expect(said(states, { last: 1, yearly: 1 })).toEqual([
      'keep newest complete backup, last 1, yearly 2026, newest full',
      'keep dated in the future',
    ]);
  });

  it('are a limit where "last" stands alone', () => {
    const policy = retentionPolicy(rulesOf({ last: 3 }), false);

    expect([policy.limit, policy.describe()]).toEqual([
      3,
      'at most 3 complete backups, each full with its newest differential',
    ]);
    expect(
      retentionPolicy(rulesOf({ last: 3, weekly: 4 }), true).describe(),
    ).toBe(
      'last 3, weekly 4, the newest full, each full with all its differentials',
    );
  });
});

describe('whatever lies in the directory, and whatever the rules are', () => {
  interface Night {
    readonly letter: 'full' | 'copy' | 'differential';
    readonly hours: number;
    readonly isProven: boolean;
    readonly isSound: boolean;
    readonly parts: readonly string[] | undefined;
    readonly pin: PinState | undefined;
  }

  const at = new Date('2024-01-01T00:00:00Z');
  const PINS: readonly PinState[] = [
    { isPinned: true, at },
    { isPinned: true, at, until: new Date(NOW.getTime() + 1) },
    { isPinned: true, at, until: NOW },
    { isPinned: false, at },
    { fault: 'F.pin.json is no JSON of a pin' },
  ];

  const night: fc.Arbitrary<Night> = fc.record({
    letter: fc.constantFrom('full', 'full', 'copy', 'differential'),
    hours: fc.oneof(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 3000 }),
    ),
    isProven: fc.integer({ min: 0, max: 5 }).map((number) => number > 0),
    isSound: fc.integer({ min: 0, max: 5 }).map((number) => number > 0),
    parts: fc.constantFrom(undefined, undefined, undefined, ['lists']),
    pin: fc.constantFrom(...Array<undefined>(6), ...PINS),
  });
  const count = fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined });
  const rules = fc
    .record({
      last: count,
      daily: count,
      weekly: count,
      monthly: count,
      yearly: count,
    })
    .filter((one) => Object.values(one).some((value) => value !== undefined));

  /** From 2024 on; some lie ahead of now. */
  function statesOf(nights: readonly Night[]): ArchiveState[] {
    let timeMs = Date.UTC(2024, 0, 1);
    const states: ArchiveState[] = [];

    for (const { letter, hours, isProven, isSound, parts, pin } of nights) {
      timeMs += hours * 3_600_000;
      const state = stateNamed(formatStem(letter, new Date(timeMs)));
      const base =
        letter === 'differential'
          ? states.findLast(({ facts }) => facts.files.type === 'full')
          : undefined;
      states.push({
        ...state,
        facts: { ...state.facts, version: { parts } } as typeof state.facts,
        base: base?.facts,
        pin,
        isRecoverable:
          isSound && (letter !== 'differential' || base !== undefined),
        verifiedAt: isProven ? state.verifiedAt : undefined,
      });
    }

    return states;
  }

  const counts = (state: ArchiveState): boolean =>
    state.isRecoverable &&
    state.verifiedAt !== undefined &&
    state.facts.files.takenAt <= NOW;
  const isBase = ({ facts }: ArchiveState): boolean =>
    facts.files.type !== 'differential';
  const isWhole = (state: ArchiveState): boolean =>
    isBase(state) && state.facts.version?.parts === undefined;

  function holds(
    property: (states: ArchiveState[], settings: RetentionSettings) => void,
  ): void {
    fc.assert(
      fc.property(
        fc.array(night, { maxLength: 14 }).map(statesOf),
        rules,
        (states, settings) => {
          property(states, rulesOf(settings));
        },
      ),
      { numRuns: 300, seed: 17 },
    );
  }

  it('a second rotation finds nothing to remove', () => {
    holds((states, settings) => {
      const left = kept(judge(states, settings));

      expect(kept(judge(left, settings))).toEqual(left);
    });
  });

  it('the full of each differential that stays, stays', () => {
    holds((states, settings) => {
      const left = kept(judge(states, settings));

      for (const { base } of left) {
        if (base) expect(left.map(({ facts }) => facts)).toContain(base);
      }
    });
  });

  it('as many proven complete backups as "last" says stay, or all that there are, and never none', () => {
    holds((states, settings) => {
      const there = states.filter((state) => isWhole(state) && counts(state));
      const left = kept(judge(states, settings)).filter(
        (state) => isWhole(state) && counts(state),
      );

      expect(left.length).toBeGreaterThanOrEqual(
        Math.min(settings.last ?? 1, there.length),
      );
    });
  });

  it('what is pinned stays, with the full that it needs, and pushes nothing out', () => {
    holds((states, settings) => {
      const verdicts = judge(states, settings);
      const left = kept(verdicts);
      const bare = states.map((state) => ({ ...state, pin: undefined }));

      for (const state of states.filter(({ pin }) => isKeptByPin(pin, NOW))) {
        expect(left).toContain(state);
        if (state.base) {
          expect(left.map(({ facts }) => facts)).toContain(state.base);
        }
      }

      for (const [at, { action }] of judge(bare, settings).entries()) {
        if (action === 'keep') expect(verdicts[at]?.action).toBe('keep');
      }
    });
  });

  it('a pin that is over, or was taken away, keeps nothing', () => {
    holds((states, settings) => {
      const ended = states.filter(({ pin }) => !isKeptByPin(pin, NOW));
      const bare = ended.map((state) => ({ ...state, pin: undefined }));
      const actionsOf = (verdicts: readonly Verdict[]): string[] =>
        verdicts.map(({ action }) => action);

      expect(actionsOf(judge(ended, settings))).toEqual(
        actionsOf(judge(bare, settings)),
      );
    });
  });

  it('what is not proven changes nothing for what is', () => {
    holds((states, settings) => {
      const bare = states.map((state) => ({ ...state, pin: undefined }));
      const verdictsOn = (all: readonly ArchiveState[]): object[] =>
        judge(all, settings)
          .filter(({ state }) => isBase(state) && counts(state))
          .map(({ state, action }) => ({ state, action }));

      expect(verdictsOn(bare.filter(counts))).toEqual(verdictsOn(bare));
    });
  });
});

it('rules of the calendar keep a full with all its differentials, whatever the server says', () => {
  const policy = retentionPolicy(rulesOf({ daily: 3 }), false);

  expect(policy.keepsDifferentials).toBe(true);
  expect(policy.describe()).toContain('each full with all its differentials');

  // The manual's count stays with the manual.
  expect(retentionPolicy(rulesOf({ last: 3 }), false).keepsDifferentials).toBe(
    false,
  );
});

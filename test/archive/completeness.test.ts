import { describe, expect, it } from 'vitest';
import type { ArchiveFacts } from '../../src/archive/archive-facts.js';
import type { ArchiveState } from '../../src/archive/archive-state.js';
import {
  describeIncompleteness,
  findLacking,
  mayPushOut,
  newestPoint,
} from '../../src/archive/completeness.js';

const NOW = new Date('2026-06-01T00:00:00Z');
const BOTH = ['mailserver.cfg', 'users.cfg'];

interface Case {
  readonly type?: 'full' | 'differential' | 'copy';
  readonly held?: readonly string[];
  readonly deleted?: readonly string[];
  readonly parts?: readonly string[];
  readonly day?: number;
  readonly isDamaged?: boolean;
  readonly isUnproven?: boolean;
}

function factsOf({
  type = 'full',
  held = BOTH,
  deleted = [],
  parts,
  day = 1,
}: Case): ArchiveFacts {
  const takenAt = new Date(Date.UTC(2026, 4, day));
  const files = { stem: `${type}${day}`, type, takenAt };
  return {
    files,
    version: { parts },
    required: { held, deleted },
  } as unknown as ArchiveFacts;
}

function stateOf(own: Case, base?: Case): ArchiveState {
  const facts = factsOf(own);
  const baseFacts = base && factsOf(base);
  return {
    facts,
    base: baseFacts,
    isRecoverable: own.isDamaged !== true,
    isPartlyRecoverable: false,
    fault: own.isDamaged ? 'damaged' : undefined,
    chainFault: undefined,
    baseFault: undefined,
    damage: [],
    unreadable: undefined,
    verifiedAt: own.isUnproven ? undefined : NOW,
    lacks: findLacking(facts, baseFacts),
  };
}

describe('what an archive is worth', () => {
  const noUsers = ['mailserver.cfg'];
  const table: [
    what: string,
    own: Case,
    base: Case | undefined,
    worth: string | undefined,
  ][] = [
    ['a full of everything', {}, undefined, undefined],
    [
      'a full without users.cfg',
      { held: noUsers },
      undefined,
      'lacks users.cfg',
    ],
    [
      'a full without any',
      { held: [] },
      undefined,
      'lacks mailserver.cfg, users.cfg',
    ],
    [
      'a copy without users.cfg',
      { type: 'copy', held: noUsers },
      undefined,
      'lacks users.cfg',
    ],
    [
      'a differential that changes neither',
      { type: 'differential', held: [] },
      {},
      undefined,
    ],
    [
      'one whose full lacks users.cfg',
      { type: 'differential', held: [] },
      { held: noUsers },
      'lacks users.cfg',
    ],
    [
      'one that brings what its full lacks',
      { type: 'differential', held: ['users.cfg'] },
      { held: noUsers },
      undefined,
    ],
    [
      'one that says it is gone',
      { type: 'differential', held: [], deleted: ['users.cfg'] },
      {},
      'lacks users.cfg',
    ],
    [
      'a backup of some parts',
      { parts: ['lists'], held: [] },
      undefined,
      'holds only lists',
    ],
    [
      'a backup of the configuration',
      { parts: ['cfg'], held: noUsers },
      undefined,
      'lacks users.cfg',
    ],
    [
      'a damaged one',
      { isDamaged: true, held: noUsers },
      undefined,
      'cannot be recovered: damaged',
    ],
  ];
  it.each(table)('%s', (_, own, base, worth) => {
    expect(describeIncompleteness(stateOf(own, base))).toBe(worth);
  });
});

describe('which archive may push out which', () => {
  const table: [what: string, newer: Case, older: Case, may: boolean][] = [
    ['a proven full any full', { day: 2 }, {}, true],
    ['a proven full one of some parts', { day: 2 }, { parts: ['lists'] }, true],
    [
      'a backup of some parts no whole one',
      { day: 2, parts: ['lists'] },
      {},
      false,
    ],
    [
      'a backup of some parts its like',
      { day: 2, parts: ['lists', 'im'] },
      { parts: ['lists'] },
      true,
    ],
    [
      'a backup of fewer parts none of more',
      { day: 2, parts: ['lists'] },
      { parts: ['lists', 'im'] },
      false,
    ],
    [
      'one without users.cfg nothing',
      { day: 2, held: ['mailserver.cfg'] },
      {},
      false,
    ],
    ['one that is not proven nothing', { day: 2, isUnproven: true }, {}, false],
    ['a damaged one nothing', { day: 2, isDamaged: true }, {}, false],
    ['one of tomorrow nothing', { day: 40 }, {}, false],
  ];
  it.each(table)('%s', (_, newer, older, may) => {
    expect(mayPushOut(stateOf(newer), stateOf(older), NOW)).toBe(may);
  });
});

it('takes the newest complete backup for the newest point, and what is none only where there is nothing else', () => {
  const complete = stateOf({ day: 1 });
  const lacking = stateOf({ day: 2, held: ['mailserver.cfg'] });
  const partial = stateOf({ day: 3, parts: ['lists'] });
  const damaged = stateOf({ day: 4, isDamaged: true });
  expect(newestPoint([complete, lacking, partial, damaged])).toBe(complete);
  expect(newestPoint([lacking, partial, damaged])).toBe(lacking);
  expect(newestPoint([partial, damaged])).toBe(partial);
  expect(newestPoint([damaged])).toBeUndefined();
});

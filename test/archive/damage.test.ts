import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countDamaged,
  type Damage,
  damageIn,
  documentDamage,
  parseDamage,
  toEntryDamage,
} from '../../src/archive/damage.js';

const ARCHIVE = 'F20260118T220007Z';
const place = { archive: ARCHIVE, volume: `${ARCHIVE}.1.zip` };

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    archive: fc.constant(ARCHIVE),
    volume: fc.string(),
    kind: fc.constant('entries' as const),
    names: fc.array(fc.string()),
  }),
  fc.record({
    archive: fc.constant(ARCHIVE),
    volume: fc.string(),
    kind: fc.constant('unknown entries' as const),
    count: fc.option(fc.nat(), { nil: undefined }),
  }),
  fc.record({
    archive: fc.constant(ARCHIVE),
    volume: fc.string(),
    kind: fc.constant('central directory' as const),
    reason: fc.string(),
  }),
  fc.record({
    archive: fc.constant(ARCHIVE),
    volume: fc.string(),
    kind: fc.constant('volume missing' as const),
  }),
);

describe('damage', () => {
  it('is the same again after it was written down and read', () => {
    fc.assert(
      fc.property(damage, (one) => {
        const text = JSON.stringify(documentDamage(one));

        expect(parseDamage(ARCHIVE, JSON.parse(text))).toEqual(one);
      }),
      { numRuns: 200, seed: 5 },
    );
  });

  it('is written down without the archive, below whose name it stands', () => {
    expect(documentDamage({ ...place, kind: 'volume missing' })).toEqual({
      kind: 'volume missing',
      volume: place.volume,
    });
  });

  it.each([
    undefined,
    {},
    { kind: 'volume missing' },
    { kind: 'something', volume: 'v' },
    { kind: 'entries', volume: 'v', names: [1] },
  ])('is not %j', (json) => {
    expect(parseDamage(ARCHIVE, json)).toBeUndefined();
  });

  it('is told of one archive of a chain', () => {
    const own: Damage = { ...place, kind: 'volume missing' };

    expect(damageIn([own, { ...own, archive: 'I1' }], ARCHIVE)).toEqual([own]);
  });

  it('of very many entries is damage of the whole volume', () => {
    const problems = Array.from({ length: 1001 }, (_, index) => ({
      volume: place.volume,
      name: String(index),
    }));

    expect(toEntryDamage(ARCHIVE, problems)).toEqual([
      { ...place, kind: 'unknown entries', count: 1001 },
    ]);
    expect(countDamaged(toEntryDamage(ARCHIVE, problems))).toBe(1001);
  });
});

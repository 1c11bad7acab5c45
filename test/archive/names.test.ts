import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatSealedName,
  formatStem,
  formatTemporaryName,
  formatVolumeName,
  isTemporaryName,
  parseVolumeName,
} from '../../src/archive/names.js';

const seconds = fc
  .date({
    min: new Date('2000-01-01T00:00:00Z'),
    max: new Date('2099-12-31T23:59:59Z'),
    noInvalidDate: true,
  })
  .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000));
const types = fc.constantFrom('full', 'differential', 'copy');

describe('the name of a volume', () => {
  it('read again gives what it was made of', () => {
    fc.assert(
      fc.property(
        types,
        seconds,
        fc.integer({ min: 0, max: 99_999 }),
        (type, takenAt, volume) => {
          const stem = formatStem(type, takenAt);

          const name = formatVolumeName(stem, volume);
          const parts = { stem, type, takenAt, volume };

          expect(parseVolumeName(name)).toEqual({ ...parts, isSealed: false });
          expect(parseVolumeName(formatSealedName(name))).toEqual({
            ...parts,
            isSealed: true,
          });
        },
      ),
    );
  });

  it('that is temporary is no volume, and its own kind', () => {
    fc.assert(
      fc.property(types, seconds, fc.nat({ max: 99 }), (type, at, volume) => {
        const name = formatTemporaryName(formatStem(type, at), volume);

        expect(isTemporaryName(name)).toBe(true);
        expect(parseVolumeName(name)).toBeUndefined();
      }),
    );
  });

  it.each([
    ['a day that does not exist', 'F20260230T010000Z.zip'],
    ['an hour that does not exist', 'F20260201T250000Z.zip'],
    ['volume 0, which has no number', 'F20260201T010000Z.0.zip'],
    ['a number with a leading zero', 'F20260201T010000Z.01.zip'],
    ['another letter', 'X20260201T010000Z.zip'],
    ['a local time', 'F20260201T010000.zip'],
    ['a copy that a person made', 'F20260201T010000Z (1).zip'],
  ])('is none with %s', (_, name) => {
    expect(parseVolumeName(name)).toBeUndefined();
  });
});

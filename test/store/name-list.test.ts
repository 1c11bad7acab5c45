import { describe, expect, it } from 'vitest';
import {
  NameCursor,
  packNames,
  unpackNames,
} from '../../src/store/name-list.js';
import { Random } from '../helpers/random.js';

const ALPHABETS = [
  ['a', 'b'],
  ['0', '1', 'a', 'f'],
  ['a', 'ä', '\u0308', '日', '😀', ' ', '.', '#'],
  ['\u0000', '\u0001'],
];

/** Names that share much, little or nothing with each other. */
function someNames(seed: number): string[] {
  const random = new Random(seed);
  const alphabet = random.pick(ALPHABETS);

  return Array.from({ length: random.int(0, 40) }, () => {
    const length = random.chance(0.1) ? 600 : random.int(1, 12);

    return (
      Array.from({ length }, () => random.pick(alphabet)).join('') +
      random.pick(['', '.eml', '.fld'])
    );
  });
}

describe('a list of names', () => {
  it('gives back the names in their order', () => {
    for (let seed = 0; seed < 500; seed++) {
      const names = someNames(seed);
      const list = packNames(names);

      expect(unpackNames(list)).toEqual(names);
      expect(list.count).toBe(names.length);
    }
  });

  it('takes a few bytes for each of the names that a server gives', () => {
    const names = Array.from(
      { length: 1000 },
      (_, at) => `${(at * 7).toString(16).padStart(8, '0')}.eml`,
    );

    expect(packNames(names).text.length).toBeLessThan(6 * names.length);
  });

  it('is gone through without making its names strings', () => {
    for (let seed = 0; seed < 60; seed++) {
      const names = someNames(seed);
      const cursor = new NameCursor(packNames(names));

      for (const [place, name] of names.entries()) {
        const bytes = Buffer.from(`/${name}/`);
        const end = bytes.length - 1;

        expect(cursor.isAtEnd).toBe(false);
        expect(cursor.place).toBe(place);
        expect(cursor.isAscii(bytes, 1, end)).toBe(/^[\0-\x7f]*$/.test(name));
        expect(cursor.isAscii(bytes, 0, end)).toBe(false);
        expect(cursor.isAscii(Buffer.alloc(end, '?'), 1, end)).toBe(end === 1);
        cursor.advance();
      }

      expect(cursor.isAtEnd).toBe(true);
    }
  });
});

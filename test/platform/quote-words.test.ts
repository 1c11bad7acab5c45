import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainText } from '../../src/platform/plain-text.js';
import { quoteWord } from '../../src/platform/quote-words.js';
import { splitShellWords } from '../../src/platform/split-words.js';

/** Whatever may stand in a path or an argument; what no program can be given is left out. */
const words = fc.array(
  fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .filter((word) => !word.includes('\0') && !/\p{Cs}/u.test(word)),
  { minLength: 1, maxLength: 6 },
);

describe('a quoted word', () => {
  it.skipIf(process.platform === 'win32')('is one word to a shell', () => {
    fc.assert(
      fc.property(words, (list) => {
        const line = list.map((word) => quoteWord(word, 'linux')).join(' ');
        const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${line}`], {
          encoding: 'utf8',
        });

        expect(stdout.split('\0').slice(0, -1)).toEqual(list);
      }),
      { numRuns: 60 },
    );
  });

  it('is taken apart again as it was', () => {
    fc.assert(
      fc.property(words, (list) => {
        const line = list.map((word) => quoteWord(word, 'linux')).join(' ');

        expect(splitShellWords(line)).toEqual(list);
      }),
    );
  });

  it.each([
    ['plain/word.zip', 'plain/word.zip'],
    ['two words', "'two words'"],
    ["it's", `'it'\\''s'`],
  ])('%j is written %s', (word, quoted) => {
    expect(quoteWord(word, 'linux')).toBe(quoted);
  });
});

describe('text from a mail', () => {
  it('moves no cursor and is no longer than it may be', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.nat({ max: 40 }),
        (text, limit) => {
          const plain = plainText(text, limit);

          expect(plain).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
          expect(plain.length).toBeLessThanOrEqual(Math.max(1, limit));
        },
      ),
    );
  });
});

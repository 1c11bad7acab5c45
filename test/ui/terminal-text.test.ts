import { describe, expect, it } from 'vitest';
import {
  cutToColumns,
  fitText,
  textWidth,
} from '../../src/ui/terminal-text.js';
import { hasColours } from '../../src/ui/tones.js';

describe('a text on a terminal', () => {
  it('cuts lines to the terminal, whose ideographs are two columns wide', () => {
    expect(cutToColumns('abcdef', 4)).toBe('abcd');
    expect(cutToColumns('日本語', 4)).toBe('日本');
    expect(cutToColumns('日本語', 5)).toBe('日本');
    expect(cutToColumns('e\u0301e\u0301', 2)).toBe('e\u0301e\u0301');
  });

  it('is broken between words, below where its sentence begins', () => {
    expect(fitText('Warning       one two three four five six', 40)).toBe(
      'Warning       one two three four five\n              six',
    );
    expect(fitText('  * one two three four', 16)).toBe(
      '  * one two\n    three four',
    );
  });

  it('keeps a path and a command whole, so that they can be copied', () => {
    const path = `/${'x'.repeat(50)}`;
    const command = `  kms-backup recover ${path} --additive`;

    expect(fitText(`Kept      in ${path} now`, 40)).toBe(
      `Kept      in\n${path}\n          now`,
    );
    expect(fitText(command, 40)).toBe(command);
  });

  it('of ideographs alone is broken between any two', () => {
    const lines = fitText('日'.repeat(50), 40).split('\n');

    expect(lines.join('').replaceAll(' ', '')).toBe('日'.repeat(50));
    expect(lines.every((line) => textWidth(line) <= 40)).toBe(true);
  });
});

describe('colours', () => {
  it.each([
    ['a terminal', true, {}, true],
    ['a pipe', false, {}, false],
    ['NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['NO_COLOR without a value', true, { NO_COLOR: '' }, true],
    ['a dumb terminal', true, { TERM: 'dumb' }, false],
    ['a forced pipe', false, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
    ['both', false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ])('%s', (_, isTTY, env, expected) => {
    expect(hasColours({ isTTY }, env)).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { fitTable } from '../../src/ui/table.js';

const ROWS = [
  ['NAME', 'AGE', 'SIZE', 'STATE'],
  ['first.zip', '1d', '10 KiB', 'yes'],
  ['second.zip', '2d', '1 KiB', 'no: it is damaged beyond all help'],
];

describe('a table', () => {
  it('is whole where no terminal shows it', () => {
    expect(fitTable(ROWS, ['AGE'], undefined)).toEqual({
      lines: [
        'NAME        AGE  SIZE    STATE',
        'first.zip   1d   10 KiB  yes',
        'second.zip  2d   1 KiB   no: it is damaged beyond all help',
      ],
      leftOut: [],
    });
  });

  it('on a terminal with room for its titles puts a long last cell below its row', () => {
    expect(fitTable(ROWS, ['AGE'], 32)).toEqual({
      lines: [
        'NAME        AGE  SIZE    STATE',
        'first.zip   1d   10 KiB  yes',
        'second.zip  2d   1 KiB',
        '  no: it is damaged beyond all help',
      ],
      leftOut: [],
    });
  });

  it('on a narrower one does without columns in the order given, as few as it can', () => {
    const { lines, leftOut } = fitTable(ROWS, ['SIZE', 'AGE'], 24);
    expect(leftOut).toEqual(['SIZE']);
    expect(lines.slice(0, 2)).toEqual([
      'NAME        AGE  STATE',
      'first.zip   1d   yes',
    ]);
    expect(fitTable(ROWS, ['SIZE', 'AGE'], 18).leftOut).toEqual([
      'AGE',
      'SIZE',
    ]);
    expect(fitTable(ROWS, ['SIZE', 'AGE'], 16).lines.slice(-2)).toEqual([
      'second.zip',
      '  no: it is damaged beyond all help',
    ]);
  });
});

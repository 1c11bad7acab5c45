import { describe, expect, it } from 'vitest';
import { fitTable } from '../../src/ui/table.js';

const ROWS = [
  ['NAME', 'AGE', 'SIZE', 'STATE'],
  ['first.zip', '1d', '10 KiB', 'yes'],
  ['second.zip', '2d', '1 KiB', 'no: it is damaged beyond all help'],
];

describe('a table', () => {
  it('is whole where no terminal shows it', () => {
    expect(fitTable(ROWS, ['AGE'], undefined)).toEqual([
      'NAME        AGE  SIZE    STATE',
      'first.zip   1d   10 KiB  yes',
      'second.zip  2d   1 KiB   no: it is damaged beyond all help',
    ]);
  });

  it('on a terminal with room for its titles puts a long last cell below its row', () => {
    expect(fitTable(ROWS, ['AGE'], 40)).toEqual([
      'NAME        AGE  SIZE    STATE',
      'first.zip   1d   10 KiB  yes',
      'second.zip  2d   1 KiB',
      '  no: it is damaged beyond all help',
    ]);
  });

  it('with room for a sentence breaks it there, between words', () => {
    expect(fitTable(ROWS, [], 51).slice(2)).toEqual([
      'second.zip  2d   1 KiB   no: it is damaged beyond',
      '                         all help',
    ]);
  });

  it('on a narrower one has columns below their rows in the order given, as few as it can', () => {
    expect(fitTable(ROWS, ['SIZE', 'AGE'], 24)).toEqual([
      'NAME      AGE  STATE',
      'first.zip',
      '          1d   yes',
      '    SIZE 10 KiB',
      'second.zip',
      '          2d',
      '  no: it is damaged',
      '  beyond all help',
      '    SIZE 1 KiB',
    ]);
  });

  it('has what follows a cell that is too wide below it, in its column', () => {
    const rows = [
      ['FOLDER', 'MESSAGES', 'SIZE'],
      ['INBOX', '1', '1 KiB'],
      ['A folder of many words', '12', '3 KiB'],
    ];

    expect(fitTable(rows, [], 28)).toEqual([
      'FOLDER     MESSAGES  SIZE',
      'INBOX      1         1 KiB',
      'A folder of many words',
      '           12        3 KiB',
    ]);
  });

  it('counts an ideograph as two columns, an accent and a colour as none', () => {
    const rows = [
      ['FOLDER', 'SIZE'],
      ['日本語日本語', '1 KiB'],
      ['e\u0301\u0301', '2 KiB'],
      ['\x1b[31mred\x1b[39m', '3 KiB'],
    ];

    for (const columns of [undefined, 80]) {
      expect(fitTable(rows, [], columns)).toEqual([
        'FOLDER        SIZE',
        '日本語日本語  1 KiB',
        'e\u0301\u0301             2 KiB',
        '\x1b[31mred\x1b[39m           3 KiB',
      ]);
    }
  });

  it('in a pipe has one line a row, of which an overlong cell moves no other', () => {
    const long = 'x'.repeat(300);

    expect(
      fitTable(
        [
          ['a', 'b'],
          [long, 'c'],
        ],
        [],
        undefined,
      ),
    ).toEqual([`a${' '.repeat(61)}b`, `${long}  c`]);
  });
});

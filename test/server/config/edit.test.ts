import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ConfigChange,
  meaningOf,
} from '../../../src/server/config/change.js';
import {
  type ConfigDocument,
  parseConfigDocument,
} from '../../../src/server/config/document.js';
import { applyChanges } from '../../../src/server/config/edit.js';
import {
  decodeConfigText,
  encodeConfigText,
} from '../../../src/server/config/text.js';
import { documents } from '../../helpers/config-documents.js';
import { sampleConfig } from '../../helpers/mailserver-config.js';

const parse = (text: string): ConfigDocument =>
  parseConfigDocument(decodeConfigText('mailserver.cfg', Buffer.from(text)));
const edit = (text: string, ...changes: ConfigChange[]): string =>
  applyChanges(parse(text), changes).source.text;
const set = (name: string, value: string): ConfigChange => ({
  kind: 'set',
  table: 'StoreBackup',
  name,
  value,
});

/** The lines of either text that lie between their common beginning and end. */
function changedLines(
  before: string,
  after: string,
): { removed: string[]; added: string[] } {
  const [a, b] = [before.split(/(?<=\n)/), after.split(/(?<=\n)/)];
  let [start, end] = [0, 0];
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  while (
    end < a.length - start &&
    end < b.length - start &&
    a.at(-1 - end) === b.at(-1 - end)
  ) {
    end++;
  }

  return {
    removed: a.slice(start, a.length - end),
    added: b.slice(start, b.length - end),
  };
}

describe('an edit of a real-shaped mailserver.cfg', () => {
  const original = sampleConfig();

  it('has about 2,500 lines and 80 sections to get wrong', () => {
    expect(original.split('\r\n').length).toBeGreaterThan(2000);
    expect(parse(original).sections.length).toBeGreaterThan(80);
  });

  it('changes the one line of the variable', () => {
    const { removed, added } = changedLines(
      original,
      edit(original, set('RotationLimit', '3')),
    );
    expect(removed).toEqual([
      '  <variable name="RotationLimit">7</variable>\r\n',
    ]);
    expect(added).toEqual([
      '  <variable name="RotationLimit">3</variable>\r\n',
    ]);
  });

  it('inserts a missing variable where Kerio writes it, in the file’s own style', () => {
    const without = original.replace(
      / {2}<variable name="RotationLimit">.*\r\n/,
      '',
    );
    const { removed, added } = changedLines(
      without,
      edit(without, set('RotationLimit', '3')),
    );
    expect(removed).toEqual([]);
    expect(added).toEqual([
      '  <variable name="RotationLimit">3</variable>\r\n',
    ]);
    expect(edit(without, set('RotationLimit', '7'))).toBe(original);
  });

  it('inserts a missing section between its neighbours', () => {
    const without = original.replace(
      /<table name="StoreBackup">[\s\S]*?<\/table>\r\n\r\n/,
      '',
    );
    const after = edit(without, set('Enabled', '0'));
    const { removed, added } = changedLines(without, after);
    expect(removed).toEqual([]);
    expect(added).toHaveLength(4);
    expect(after).toContain(
      '</table>\r\n\r\n<table name="StoreBackup">\r\n  <variable name="Enabled">0</variable>\r\n</table>\r\n\r\n',
    );
  });

  it('adds an item in the shape of its sisters and removes it without a trace', () => {
    const values = [
      ['Format', '1'],
      ['Date', '3'],
      ['Description', 'a & b'],
    ] as const;
    const added = edit(original, {
      kind: 'add-item',
      list: 'StoreBackupSchedule',
      values,
    });
    expect(changedLines(original, added)).toEqual({
      removed: [],
      added: [
        '  <listitem>\r\n',
        '    <variable name="Format">1</variable>\r\n',
        '    <variable name="Date">3</variable>\r\n',
        '    <variable name="Description">a &amp; b</variable>\r\n',
        '  </listitem>\r\n',
      ],
    });
    expect(
      edit(added, {
        kind: 'remove-item',
        list: 'StoreBackupSchedule',
        index: 7,
      }),
    ).toBe(original);
  });

  it('empties and fills a list', () => {
    const values = [['A', '1']] as const;
    const filled = edit(original, { kind: 'add-item', list: 'Empty', values });
    expect(filled).toContain(
      '<list name="Empty">\r\n  <listitem>\r\n    <variable name="A">1</variable>\r\n  </listitem>\r\n</list>',
    );
    expect(edit(filled, { kind: 'remove-item', list: 'Empty', index: 0 })).toBe(
      original,
    );
  });

  it.each([
    ['a BOM', `\uFEFF${original}`],
    ['LF', original.replaceAll('\r\n', '\n')],
    ['no final line end', original.trimEnd()],
    ['tabs', original.replaceAll('  ', '\t')],
  ])(
    'gives the original bytes back after the inverse edit of a file with %s',
    (_, text) => {
      expect(
        edit(
          edit(text, set('AdminNotify', 'root@example.com')),
          set('AdminNotify', ''),
        ),
      ).toBe(text);
      expect(
        edit(edit(text, set('RotationLimit', '3')), set('RotationLimit', '7')),
      ).toBe(text);
    },
  );

  it('keeps bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from(original.replace('Müller', 'M')),
      Buffer.from('<!-- \xfc\xe9 -->', 'latin1'),
    ]);
    const after = applyChanges(
      parseConfigDocument(decodeConfigText('x', bytes)),
      [set('AdminNotify', 'ü€@example.com')],
    );
    const written = encodeConfigText(after.source);
    // The file's code page is not known: only a number is right in all of them.
    expect(written.includes('&#252;&#8364;@example.com')).toBe(true);
    expect(written.subarray(-10)).toEqual(bytes.subarray(-10));
  });

  it('writes numbers where another encoding is declared, although no byte shows it yet', () => {
    const declared = `<?xml version="1.0" encoding="ISO-8859-2"?>\r\n${original.replace('Müller', 'M').replace('Söhne', 'S')}`;
    expect(edit(declared, set('AdminNotify', 'ř@example.com'))).toContain(
      '>&#345;@example.com<',
    );
    const utf8 = declared.replace('ISO-8859-2', 'utf-8');
    expect(edit(utf8, set('AdminNotify', 'ř@example.com'))).toContain(
      '>ř@example.com<',
    );
  });

  it('refuses what XML cannot hold, and a variable that holds more than text', () => {
    expect(() => edit(original, set('AdminNotify', 'a\u0000b'))).toThrow(
      'cannot hold the character U+0000',
    );
    expect(() => edit(original, set('AdminNotify', '\ud800'))).toThrow(
      'cannot hold the character U+D800',
    );
    const odd = original.replace(
      '>7</variable>',
      '>7<!-- seven --></variable>',
    );
    expect(() => edit(odd, set('RotationLimit', '3'))).toThrow(
      /line \d+: RotationLimit is "7", which holds more than text/,
    );
  });

  it('writes line ends inside a value so that they come back', () => {
    const after = parse(edit(original, set('AdminNotify', 'a\r\nb ]]> "c"')));
    expect(JSON.stringify(meaningOf(after))).toContain(
      JSON.stringify('a\r\nb ]]> "c"').slice(1, -1),
    );
  });
});

describe('any document', () => {
  const changes: fc.Arbitrary<ConfigChange> = fc.oneof(
    fc.record({
      kind: fc.constant('set' as const),
      table: fc.constant('StoreBackup'),
      name: fc.constantFrom(
        'Enabled',
        'RotationLimit',
        'AdminNotify',
        'IncludeIM',
        'Unknown',
      ),
      value: fc.constantFrom('', '0', '1', 'a <b> & "c"', 'Ä€😀'),
    }),
    fc.record({
      kind: fc.constant('add-item' as const),
      list: fc.constant('StoreBackupSchedule'),
      values: fc.constant([
        ['Format', '1'] as const,
        ['Description', 'x & ü'] as const,
      ]),
    }),
  );

  it('comes through an edit with everything else as it was, and each added or replaced line is whole', () => {
    fc.assert(
      fc.property(documents, changes, (text, change) => {
        const after = edit(text, change);
        const { removed, added } = changedLines(text, after);
        // One variable, one item, or a section around it.
        expect(removed.length).toBeLessThanOrEqual(1);
        expect(added.length).toBeLessThanOrEqual(
          1 + removed.length + (change.kind === 'set' ? 5 : 9),
        );
        const comments = (it: string): string[] =>
          it.match(/<!--.*?-->/g) ?? [];
        expect(comments(after)).toEqual(comments(text));
        expect(edit(after, ...(change.kind === 'set' ? [change] : []))).toBe(
          after,
        );
      }),
      { numRuns: 400 },
    );
  });

  it('gives its bytes back when an added item is removed', () => {
    fc.assert(
      fc.property(documents, (text) => {
        const list = parse(text).sections.find(
          ({ name }) => name === 'StoreBackupSchedule',
        );
        fc.pre(list !== undefined && list.items.length > 0);
        const index = list.items.length;
        const after = edit(text, {
          kind: 'add-item',
          list: 'StoreBackupSchedule',
          values: [['Format', '1']],
        });
        expect(
          edit(after, {
            kind: 'remove-item',
            list: 'StoreBackupSchedule',
            index,
          }),
        ).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('is decoded and encoded to the same bytes, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        fc.pre(
          !(
            bytes.length > 1 &&
            [0xfe, 0xff].includes(bytes[0] ?? 0) &&
            [0xfe, 0xff].includes(bytes[1] ?? 0)
          ),
        );
        const buffer = Buffer.from(bytes);
        expect(encodeConfigText(decodeConfigText('x', buffer))).toEqual(buffer);
      }),
    );
  });
});

import fc from 'fast-check';

/** One way to write a document; `isMixed` lets every element choose its own. */
export interface WrittenStyle {
  readonly eol: readonly string[];
  readonly indent: string;
  readonly selfClosed: boolean;
  readonly quote: string;
}

const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 -]{0,8}$/);
const text = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '1',
    '7',
    'a & b',
    'x < y > z',
    '"quoted" \'too\'',
    'Ärzte 日本 😀',
    '  spaced  ',
  ),
  fc.string({
    maxLength: 12,
    unit: fc.constantFrom('a', 'B', '1', ' ', '&', '<', 'é', '€', '😀'),
  }),
);
const escapeValue = (value: string): string =>
  value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');

const pairs = (names: readonly string[]): fc.Arbitrary<[string, string][]> =>
  fc.array(fc.tuple(fc.oneof(word, fc.constantFrom(...names)), text), {
    maxLength: 6,
  });

const NUMERIC: Readonly<Record<string, string>> = {
  RotationLimit: '7',
  Enabled: '1',
  MaxFileSize: '600000000',
};

/** Documents of the dialect in any style: line ends, indentation, comments, self-closed elements, order, BOM. */
export const documents: fc.Arbitrary<string> = fc
  .record({
    eols: fc.constantFrom(['\r\n'], ['\n'], ['\r\n', '\n']),
    indent: fc.constantFrom('  ', '\t', '', '    '),
    bom: fc.boolean(),
    finalEol: fc.boolean(),
    quote: fc.constantFrom('"', "'"),
    tables: fc.array(fc.tuple(word, pairs(['Enabled', 'Port'])), {
      maxLength: 4,
    }),
    lists: fc.array(
      fc.tuple(
        word,
        fc.array(pairs(['LogName', 'Authorization']), { maxLength: 3 }),
      ),
      { maxLength: 3 },
    ),
    backup: fc.option(
      fc.subarray([
        'Enabled',
        'MaxFileSize',
        'AdminNotify',
        'RotationLimit',
        'IncludeIM',
      ]),
    ),
    tasks: fc.option(
      fc.array(fc.constantFrom('full', 'diff'), { maxLength: 3 }),
    ),
    seed: fc.array(fc.nat({ max: 99 }), { minLength: 40, maxLength: 40 }),
  })
  .map((plan) => {
    let turn = 0;
    const pick = (): number => plan.seed[turn++ % plan.seed.length] ?? 0;
    const eol = (): string => plan.eols[pick() % plan.eols.length] ?? '\n';
    const comment = (): string =>
      pick() % 7 === 0 ? ` <!-- note ${pick()} & <b> -->` : '';
    const variable = (
      indent: string,
      [name, value]: readonly [string, string],
    ): string => {
      const start = `${indent}<variable name=${plan.quote}${name}${plan.quote}`;
      if (value === '' && pick() % 2 === 0) {
        return `${start}${pick() % 2 === 0 ? ' ' : ''}/>${comment()}${eol()}`;
      }

      const written =
        value === '1' && pick() % 5 === 0 ? '&#49;' : escapeValue(value);
      return `${start}>${written}</variable>${comment()}${eol()}`;
    };

    const table = (
      name: string,
      values: readonly (readonly [string, string])[],
    ): string =>
      `<table name=${plan.quote}${name}${plan.quote}>${eol()}${values.map((pair) => variable(plan.indent, pair)).join('')}</table>${comment()}${eol()}`;
    const list = (
      name: string,
      items: readonly (readonly (readonly [string, string])[])[],
    ): string => {
      if (items.length === 0 && pick() % 3 === 0) {
        return `<list name=${plan.quote}${name}${plan.quote}/>${eol()}`;
      }

      const inner = items.map((item) => {
        const rows = item
          .map((pair) => variable(plan.indent + plan.indent, pair))
          .join('');
        return `${plan.indent}<listitem>${eol()}${rows}${plan.indent}</listitem>${comment()}${eol()}`;
      });
      return `<list name=${plan.quote}${name}${plan.quote}>${eol()}${inner.join('')}</list>${eol()}`;
    };

    const sections = [
      table('Directories', [['StoreDir', '/store/']]),
      ...plan.tables.map(([name, values]) => table(`T${name}`, values)),
      ...plan.lists.map(([name, items]) => list(`L${name}`, items)),
    ];
    if (plan.backup) {
      sections.push(
        table(
          'StoreBackup',
          plan.backup.map((name) => [name, NUMERIC[name] ?? '']),
        ),
      );
    }

    if (plan.tasks) {
      const items = plan.tasks.map((type, index) => [
        ['Format', type === 'full' ? '1' : '2'] as const,
        ['Date', String(index + 1)] as const,
        ['Time', '3600'] as const,
        ['Enabled', '1'] as const,
      ]);
      sections.push(list('StoreBackupSchedule', items));
    }

    const shuffled = sections
      .map((section) => ({ section, key: pick() }))
      .sort((a, b) => a.key - b.key)
      .map(({ section }) => section + (pick() % 2 === 0 ? eol() : ''));
    const text = `${plan.bom ? '\uFEFF' : ''}<config>${eol()}${shuffled.join('')}</config>`;
    return plan.finalEol ? text + eol() : text;
  });

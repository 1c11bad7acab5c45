import { describe, expect, it } from 'vitest';
import type { ComparableFiles } from '../../src/archive/comparable-files.js';
import { compareFiles } from '../../src/archive/compare-files.js';
import { compareTrees } from '../../src/archive/compare-trees.js';
import { TimePrecision } from '../../src/archive/zip/entry-table.js';
import { Turns } from '../../src/platform/turns.js';

const PREFIX = '@backup/store/mail/example.com/alice/INBOX/#msgs/';
const TAKEN_AT = ticks('2026-02-01T01:00:00Z');
const OLD = ticks('2026-01-01T00:00:00Z');

interface File {
  readonly size?: number;
  readonly time?: bigint;
  readonly precision?: TimePrecision;
  /** Known without reading. */
  readonly crc?: number;
  /** The reader's answer. */
  readonly content?: number;
}

function ticks(at: string): bigint {
  return BigInt(Date.parse(at)) * 10_000n;
}

/** A directory of one moment; `asked` gets the names whose contents were asked for. */
function filesOf(
  files: Readonly<Record<string, File>>,
  { prefix = PREFIX, asked = [] as string[] } = {},
): ComparableFiles {
  const names = Object.keys(files);
  const fileAt = (at: number): File => files[names[at] ?? ''] ?? {};

  return {
    prefix,
    names,
    sizeAt: (at) => fileAt(at).size ?? 12,
    factsAt: (at) => ({
      sizeBytes: fileAt(at).size ?? 12,
      mtimeTicks: fileAt(at).time ?? OLD,
      precision: fileAt(at).precision ?? TimePrecision.tick,
      takenAtTicks: TAKEN_AT,
    }),
    crcAt: (at) => fileAt(at).crc,
    readCrcAt: (at) => {
      const { crc, content } = fileAt(at);
      if (crc === undefined) asked.push(names[at] ?? '');

      return Promise.resolve(crc ?? content);
    },
  };
}

/** `new a.eml`, those that are the same left out. */
async function compare(
  before: ComparableFiles,
  after: ComparableFiles,
  skipped: readonly string[] = [],
): Promise<string[]> {
  const compared = await compareFiles(
    before,
    after,
    new Set(skipped),
    new Turns(),
  );

  return [...compared.differences()].map(
    ({ change, name }) => `${change} ${name}`,
  );
}

describe('one directory', () => {
  it('names are new, gone or in both', async () => {
    const before = filesOf({ 'a.eml': {}, 'b.eml': {} });
    const after = filesOf({ 'b.eml': {}, 'c.eml': {} });

    expect(await compare(before, after)).toEqual(['new c.eml', 'gone a.eml']);
  });

  it('what is the same is counted, with its size', async () => {
    const files = filesOf({ 'a.eml': { size: 7 }, 'b.eml': { size: 5 } });
    const compared = await compareFiles(
      files,
      filesOf({ 'a.eml': { size: 7 }, 'b.eml': { size: 6 } }),
      new Set(),
      new Turns(),
    );

    expect(compared).toMatchObject({ same: 1, sameBytes: 7 });
  });

  it.each<[string, File, File, string[]]>([
    ['same size and time', { crc: 1 }, { content: 2 }, []],
    ['another size', { crc: 1 }, { size: 13, content: 1 }, ['changed a.eml']],
    ['another time, one content', { crc: 1 }, { time: 0n, content: 1 }, []],
    [
      'another time, another content',
      { crc: 1 },
      { time: 0n, content: 2 },
      ['changed a.eml'],
    ],
    [
      'another time, and nobody can read it',
      { crc: 1 },
      { time: 0n },
      ['changed a.eml'],
    ],
    [
      'written while the archive was made, another content',
      { crc: 1, time: TAKEN_AT },
      { time: TAKEN_AT, content: 2 },
      ['changed a.eml'],
    ],
    [
      'written while the archive was made, and nobody can read it',
      { crc: 1, time: TAKEN_AT },
      { time: TAKEN_AT },
      [],
    ],
    [
      'a time of two seconds',
      { crc: 1, precision: TimePrecision.dos },
      { time: OLD + 19_999_999n, content: 2 },
      [],
    ],
    [
      'a time of whole seconds',
      { crc: 1, precision: TimePrecision.second },
      { time: OLD + 9_999_999n, content: 2 },
      [],
    ],
    ['both checksums known', { crc: 1 }, { crc: 2 }, ['changed a.eml']],
    ['both known, other times', { crc: 1 }, { crc: 1, time: 0n }, []],
    [
      'the later time is the coarser one',
      { time: OLD + 9_999_999n },
      { precision: TimePrecision.second },
      [],
    ],
  ])('%s', async (_, before, after, expected) => {
    const compared = await compare(
      filesOf({ 'a.eml': before }),
      filesOf({ 'a.eml': after }),
    );

    expect(compared).toEqual(expected);
  });

  it('only contents that have to decide are read', async () => {
    const asked: string[] = [];
    const before = filesOf({
      same: { crc: 1 },
      size: { crc: 1 },
      time: { crc: 1 },
    });
    const after = filesOf(
      { same: {}, size: { size: 1 }, time: { time: 0n }, fresh: {} },
      { asked },
    );
    await compare(before, after);

    expect(asked).toEqual(['time']);
  });

  it('what is there and was not looked at is not gone', async () => {
    const before = filesOf({ 'a.eml': {}, 'b.eml': {} });

    expect(await compare(before, filesOf({}), [`${PREFIX}a.eml`])).toEqual([
      'gone b.eml',
    ]);
  });
});

describe('directories', () => {
  const before = (...prefixes: readonly string[]) => ({
    prefixes,
    filesOf: (prefix: string) =>
      prefixes.includes(prefix)
        ? filesOf({ 'a.eml': {} }, { prefix })
        : undefined,
  });

  async function changesOf(
    ...args: Parameters<typeof compareTrees>
  ): Promise<string[]> {
    const lines: string[] = [];
    for await (const compared of compareTrees(...args)) {
      for (const { change, name } of compared.differences()) {
        lines.push(`${change} ${compared.after.prefix}${name}`);
      }
    }

    return lines;
  }

  it('those that only one moment has are new and gone', async () => {
    const files = filesOf({ 'a.eml': {} }, { prefix: 'new/' });

    expect(await changesOf(before('old/'), [{ files, skipped: [] }])).toEqual([
      'new new/a.eml',
      'gone old/a.eml',
    ]);
  });

  it('nothing is gone below a directory that could not be listed, nor behind a link', async () => {
    const listed = [
      { files: undefined, skipped: ['closed/'] },
      { files: filesOf({}, { prefix: 'open/' }), skipped: ['open/link'] },
    ];

    expect(
      await changesOf(
        before('closed/', 'closed/below/', 'open/link/', 'open/gone/'),
        listed,
      ),
    ).toEqual(['gone open/gone/a.eml']);
  });
});

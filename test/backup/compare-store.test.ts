import { describe, expect, it } from 'vitest';
import { unseenBy } from '../../src/backup/measure-store.js';
import {
  EntryTableBuilder,
  TimePrecision,
} from '../../src/archive/zip/entry-table.js';
import { BaseIndex } from '../../src/backup/base-index.js';
import {
  type ComparedFiles,
  isDirectoryChanged,
  StoreComparison,
} from '../../src/backup/compare-store.js';
import {
  changeAt,
  compareWithNothing,
  type Comparison,
  NO_RECORD,
} from '../../src/backup/comparison.js';
import type { ExaminedFiles } from '../../src/backup/examine-store.js';
import { planArchive } from '../../src/backup/plan-archive.js';
import { UNKNOWN, VANISHED } from '../../src/store/stat-tasks.js';
import type { WalkedDirectory } from '../../src/store/list-directory.js';
import { packNames, unpackNames } from '../../src/store/name-list.js';

const INBOX = '@backup/store/mail/example.com/alice/INBOX/#msgs/';
const TAKEN_AT = new Date('2026-02-01T01:00:00Z');
/** Long before the full began: size and time decide. */
const OLD_TICKS = ticks('2026-01-01T00:00:00Z');
/** While the full ran: the content decides. */
const DOUBTFUL_TICKS = ticks('2026-02-01T01:00:01Z');

interface File {
  readonly name: string;
  readonly sizeBytes?: number;
  readonly mtimeTicks?: bigint;
  readonly mode?: number;
  readonly crc?: number;
}

function ticks(at: string): bigint {
  return BigInt(Date.parse(at)) * 10_000n;
}

/** A full of one volume that holds these entries. */
function baseOf(...files: readonly File[]): BaseIndex {
  const builder = new EntryTableBuilder(files.length, 1000);
  for (const [index, file] of files.entries()) {
    builder.add({
      name: Buffer.from(file.name),
      flags: 0,
      method: 0,
      crc: file.crc ?? 0,
      sizeBytes: file.sizeBytes ?? 0,
      compressedBytes: file.sizeBytes ?? 0,
      headerOffset: index,
      mode: file.mode ?? 0o600,
      mtimeTicks: file.mtimeTicks ?? OLD_TICKS,
      precision: TimePrecision.tick,
    });
  }

  const base = new BaseIndex(TAKEN_AT);
  base.add(builder.build(), undefined);

  return base;
}

function directoryOf(
  prefix: string,
  files: readonly string[],
): WalkedDirectory {
  return {
    path: `/store/${prefix}`,
    prefix,
    files: packNames(files),
    mtimeNs: 0n,
  };
}

/** A directory as the store has it now. */
function examine(prefix: string, ...files: readonly File[]): ExaminedFiles {
  const names = files.map(({ name }) => name);

  return {
    directory: directoryOf(prefix, names),
    files: packNames(names),
    first: 0,
    result: {
      sizes: Float64Array.from(files, ({ sizeBytes }) => sizeBytes ?? 0),
      mtimes: BigInt64Array.from(
        files,
        ({ mtimeTicks }) => mtimeTicks ?? OLD_TICKS,
      ),
      modes: Uint16Array.from(files, ({ mode }) => mode ?? 0o600),
      crcs: new Uint32Array(0),
    },
  };
}

interface Compared {
  readonly files: Readonly<Record<string, string>>;
  readonly deleted: readonly string[];
}

/** Compares one directory of mail with a base; `crc` is what each file's content has. */
async function compare(
  base: BaseIndex,
  examined: ExaminedFiles,
  { crc = 0, skipped = [] as string[] } = {},
): Promise<Compared> {
  const comparison = new StoreComparison(base, () => crc);
  const files = printed(await comparison.add('mail', examined));
  const { deleted } = await comparison.finish({
    directories: [],
    isUnseen: unseenBy(
      skipped.map((name) => ({ name })),
      { patterns: [] },
    ),
    components: ['mail'],
  });

  return { files, deleted };
}

/** `a.eml` → `unchanged at 3` */
function printed(compared: ComparedFiles): Record<string, string> {
  const { files, changes, records } = compared;
  const lines: Record<string, string> = {};

  for (const [place, name] of unpackNames(files).entries()) {
    const record = records[place];
    const change = changeAt(changes, place);

    lines[name] =
      record === NO_RECORD ? change : `${change} at ${String(record)}`;
  }

  return lines;
}

describe('the comparison of a store with a full', () => {
  it('tells of each file whether it is new, changed or unchanged, and at which record', async () => {
    const base = baseOf(
      { name: `${INBOX}1.eml`, sizeBytes: 10 },
      { name: `${INBOX}2.eml`, sizeBytes: 10 },
      { name: `${INBOX}3.eml`, sizeBytes: 10 },
      { name: `${INBOX}4.eml`, sizeBytes: 10 },
    );
    const examined = examine(
      INBOX,
      { name: '1.eml', sizeBytes: 10 },
      { name: '2.eml', sizeBytes: 11 },
      { name: '3.eml', sizeBytes: 10, mtimeTicks: OLD_TICKS + 20_000n },
      { name: '4.eml', sizeBytes: 10, mode: 0o644 },
      { name: '5.eml', sizeBytes: 10 },
    );

    expect(await compare(base, examined)).toEqual({
      files: {
        '1.eml': 'unchanged at 0',
        '2.eml': 'changed at 1',
        '3.eml': 'changed at 2',
        '4.eml': 'changed at 3',
        '5.eml': 'new',
      },
      deleted: [],
    });
  });

  it('asks for the content of what was written while the full ran, and of nothing else', async () => {
    const base = baseOf(
      { name: `${INBOX}1.eml`, sizeBytes: 10, crc: 7 },
      {
        name: `${INBOX}2.eml`,
        sizeBytes: 10,
        crc: 7,
        mtimeTicks: DOUBTFUL_TICKS,
      },
    );
    const examined = examine(
      INBOX,
      { name: '1.eml', sizeBytes: 10 },
      { name: '2.eml', sizeBytes: 10, mtimeTicks: DOUBTFUL_TICKS },
    );

    expect((await compare(base, examined, { crc: 7 })).files).toEqual({
      '1.eml': 'unchanged at 0',
      '2.eml': 'unchanged at 1',
    });
    expect((await compare(base, examined, { crc: 8 })).files).toEqual({
      '1.eml': 'unchanged at 0',
      '2.eml': 'changed at 1',
    });
  });

  it('calls deleted what only the full has, in the components that were looked at', async () => {
    const base = baseOf(
      { name: `${INBOX}1.eml` },
      { name: `${INBOX}2.eml` },
      { name: '@backup/store/lists/team/1' },
      { name: `${INBOX}sub/` },
    );

    const { deleted } = await compare(base, examine(INBOX, { name: '1.eml' }));

    expect(deleted).toEqual([`${INBOX}2.eml`, `${INBOX}sub/`]);
  });

  it('does not call deleted what is there and was skipped, nor what lies below it', async () => {
    const base = baseOf({ name: `${INBOX}1.eml` }, { name: `${INBOX}sub/2` });
    const skipped = [`${INBOX}sub/`];

    const { deleted } = await compare(base, examine(INBOX), { skipped });

    expect(deleted).toEqual([`${INBOX}1.eml`]);
  });

  it('leaves what vanished to the packer, and what the full has of it is deleted', async () => {
    const base = baseOf({ name: `${INBOX}1.eml` });
    const examined = examine(
      INBOX,
      { name: '1.eml', sizeBytes: VANISHED },
      { name: '2.eml', sizeBytes: UNKNOWN },
    );

    expect(await compare(base, examined)).toEqual({
      files: { '1.eml': 'vanished at 0', '2.eml': 'new' },
      deleted: [`${INBOX}1.eml`],
    });
  });

  it('knows a directory by its mode and time', () => {
    const base = baseOf({ name: INBOX, mode: 0o700 });
    const facts = { mtimeTicks: OLD_TICKS, mode: 0o700 };

    expect(isDirectoryChanged(base, INBOX, facts)).toBe(false);
    expect(isDirectoryChanged(base, `${INBOX}x/`, facts)).toBe(true);
    expect(isDirectoryChanged(base, INBOX, { ...facts, mode: 0o750 })).toBe(
      true,
    );
  });
});

describe('a plan', () => {
  const listed = {
    components: ['mail'] as const,
    parts: undefined,
    groups: [],
    exclude: [],
    leftOut: { patterns: [], unused: [], folders: [] },
    keptOut: { identities: [], directories: [], warnings: [] },
    skipped: [],
  };

  const choices = {
    type: 'differential',
    letter: 'I',
    base: { stem: 'F20260201T010000Z', digest: 'd' },
    warnings: [],
  } as const;

  const compareSome = async (): Promise<Comparison> => {
    const comparison = new StoreComparison(
      baseOf(
        { name: `${INBOX}1.eml`, sizeBytes: 10 },
        { name: `${INBOX}2.eml`, sizeBytes: 10 },
        { name: `${INBOX}4.eml`, sizeBytes: 10 },
      ),
      () => 0,
    );

    await comparison.add(
      'mail',
      examine(
        INBOX,
        { name: '1.eml', sizeBytes: 10 },
        { name: '2.eml', sizeBytes: 12 },
        { name: '3.eml', sizeBytes: 12 },
        { name: 'index.fld', sizeBytes: 12 },
      ),
    );

    return comparison.finish({
      directories: [],
      isUnseen: () => false,
      components: ['mail'],
    });
  };

  it('packs what is new and changed, and counts messages', async () => {
    const plan = planArchive(listed, await compareSome(), choices);

    expect(
      plan.groups.flat().flatMap(({ names }) => unpackNames(names)),
    ).toEqual(['2.eml', '3.eml', 'index.fld']);
    expect(plan.fileCount).toBe(3);
    expect(plan.deleted).toEqual([`${INBOX}4.eml`]);
    expect(plan.messages).toEqual({
      total: 3,
      new: 1,
      changed: 1,
      unchanged: 1,
      deleted: 1,
    });
  });

  it('packs everything where nothing was compared', () => {
    const everything = compareWithNothing([
      [directoryOf(INBOX, ['1.eml', '2.eml', 'index.fld'])],
    ]);
    const plan = planArchive(listed, everything, {
      ...choices,
      type: 'full',
      base: undefined,
    });

    expect(plan.fileCount).toBe(3);
    expect(plan.messages).toEqual({
      total: 2,
      new: 2,
      changed: 0,
      unchanged: 0,
      deleted: 0,
    });
  });

  it('is data: it holds no function, and two of the same are equal', async () => {
    const plan = planArchive(listed, await compareSome(), choices);

    // A function cannot be cloned.
    expect(structuredClone(plan)).toEqual(plan);
    expect(planArchive(listed, await compareSome(), choices)).toEqual(plan);
  });
});

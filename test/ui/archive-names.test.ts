import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeKept } from '../../src/archive/kept-counts.js';
import { buildSampleServer } from '../../src/demo/sample-server.js';
import { kmsInProcess } from '../helpers/in-process.js';
import { temporaryDirectory } from '../helpers/configured-server.js';

/** A string that names an archive, whatever follows. */
const NAMES_ARCHIVE = /^[FIDC]\d{8}T\d{6}Z/;

/** Every string of a document, with the field that holds it. */
function* stringsOf(
  value: unknown,
  field = '',
): Generator<[field: string, text: string]> {
  if (typeof value === 'string') {
    yield [field, value];
  } else if (Array.isArray(value)) {
    for (const item of value) yield* stringsOf(item, field);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      yield* stringsOf(item, name);
    }
  }
}

describe('an archive', () => {
  it('is called F….zip in every document, and by its whole name in the column NEEDS', async () => {
    const { serverDir, storeDir, backupDir } =
      buildSampleServer(temporaryDirectory());
    const server = ['--server-dir', serverDir];
    const namesIn = async (...words: string[]): Promise<string[]> => {
      const { stdout } = await kmsInProcess([...words, '--json', ...server]);
      const named = [...stringsOf(JSON.parse(stdout))].filter(([, text]) =>
        NAMES_ARCHIVE.test(text),
      );
      for (const [field, text] of named) {
        expect(text, `${words.join(' ')}: ${field}`).toMatch(
          /^.{17}(?:\.\d+)?\.zip$/,
        );
      }

      return [...new Set(named.map(([, text]) => text))].sort();
    };

    const [full = ''] = await namesIn('backup', 'full');
    rmSync(join(storeDir, 'mail', 'example.com'), {
      recursive: true,
      force: true,
    });
    const [base, differential = ''] = await namesIn(
      'backup',
      'diff',
      '--no-rotate',
    );
    expect(base).toBe(full);

    const both = [full, differential];
    for (const words of [
      ['list-archives', backupDir],
      ['verify', backupDir],
      ['status'],
      ['rotate', '--dry-run'],
      ['search', backupDir, '--subject', 'x'],
      ['recover', backupDir, '--dry-run'],
      ['recover', backupDir, '--listing'],
    ]) {
      expect([words, await namesIn(...words)]).toEqual([words, both]);
    }

    const table = (await kmsInProcess(['list-archives', backupDir, ...server]))
      .stdout;
    expect(table).toMatch(
      new RegExp(`^${differential} .* 1 +${full} +\\d`, 'm'),
    );
  });
});

describe('what rotation kept', () => {
  it.each([
    [
      { complete: 1, differentials: 0, others: 0, pinned: 0 },
      1,
      'kept 1 of at most 1 complete backup',
    ],
    [
      { complete: 3, differentials: 2, others: 0, pinned: 0 },
      7,
      'kept 3 of at most 7 complete backups, and 2 differentials',
    ],
    [
      { complete: 2, differentials: 1, others: 1, pinned: 0 },
      7,
      'kept 2 of at most 7 complete backups, and 1 differential and 1 other archive',
    ],
    [
      { complete: 7, differentials: 0, others: 0, pinned: 2 },
      7,
      'kept 7 of at most 7 complete backups, and 2 pinned besides',
    ],
    [
      { complete: 9, differentials: 1, others: 0, pinned: 0 },
      null,
      'kept 9 complete backups, and 1 differential',
    ],
  ])('%j with limit %s: %s', (kept, limit, said) => {
    expect(describeKept(kept, limit)).toBe(said);
  });

  it('is counted by the rotation itself: differentials apart, and what is not proven too', async () => {
    const { serverDir } = buildSampleServer(temporaryDirectory());
    const rotationOf = async (...words: string[]): Promise<string> => {
      const { stdout } = await kmsInProcess([
        'backup',
        ...words,
        '--server-dir',
        serverDir,
      ]);
      return /^Rotation +(.*)$/m.exec(stdout)?.[1] ?? stdout;
    };

    expect(await rotationOf('full')).toBe(
      'kept 1 of at most 7 complete backups',
    );
    expect(await rotationOf('diff')).toBe(
      'kept 1 of at most 7 complete backups, and 1 differential',
    );
    await kmsInProcess([
      'backup',
      'copy',
      '--no-verify',
      '--server-dir',
      serverDir,
    ]);
    expect(await rotationOf('diff')).toMatch(
      /^kept 1 of at most 7 complete backups, and 1 differential and 1 other archive; removed I\S+\.zip$/,
    );
  });
});

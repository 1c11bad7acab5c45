import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ArchiveFiles } from '../../src/archive/backup-directory.js';
import { localStorage } from '../../src/archive/local-storage.js';
import { sweepTemporaries } from '../../src/archive/sweep.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

const F = 'F20260101T000000Z';

const namesOf = (archives: readonly ArchiveFiles[]): string[] =>
  archives.flatMap(({ volumes }) => volumes.map(({ name }) => name));

describe('what dead runs left', () => {
  const table: [what: string, files: string[], removed: string[]][] = [
    [
      'of a run that died before it named a volume',
      [`${F}.zip.part`, `${F}.1.zip.part`],
      [`${F}.1.zip.part`, `${F}.zip.part`],
    ],
    [
      'of a run that died while it named them',
      [`${F}.zip.part`, `${F}.1.zip`],
      [`${F}.1.zip`, `${F}.zip.part`],
    ],
    [
      'beside a complete archive',
      [`${F}.zip`, `${F}.1.zip`, `${F}.2.zip`, `${F}.zip.part`],
      [`${F}.zip.part`],
    ],
    [
      'of a volume of a complete archive',
      [`${F}.zip`, `${F}.1.zip`, `${F}.1.zip.part`],
      [`${F}.1.zip.part`],
    ],
    [
      'of another archive',
      [`${F}.1.zip`, 'F20260102T000000Z.zip.part'],
      ['F20260102T000000Z.zip.part'],
    ],
    ['of nobody', [`${F}.1.zip`, 'notes.part', `${F}.zip.part.txt`], []],
  ];
  it.each(table)('%s', async (_, files, removed) => {
    const dir = temporaryDirectory('sweep');
    try {
      for (const name of files) writeFileSync(join(dir, name), 'x');
      const swept = await sweepTemporaries(localStorage(dir));
      expect(swept).toMatchObject({ removed, warnings: [] });
      expect(namesOf(swept.archives)).toEqual(
        files.filter(
          (name) => name.endsWith('.zip') && !removed.includes(name),
        ),
      );
      expect(readdirSync(dir).sort()).toEqual(
        files.filter((name) => !removed.includes(name)).sort(),
      );
    } finally {
      removeTemporary(dir);
    }
  });

  it('leaves a directory of such a name, names it, and removes the rest', async () => {
    const dir = temporaryDirectory('sweep');
    try {
      mkdirSync(join(dir, `${F}.zip.part`));
      writeFileSync(join(dir, 'F20260102T000000Z.zip.part'), 'x');
      const { removed, warnings } = await sweepTemporaries(localStorage(dir));
      expect(removed).toEqual(['F20260102T000000Z.zip.part']);
      expect(warnings).toEqual([expect.stringContaining(`${F}.zip.part`)]);
    } finally {
      removeTemporary(dir);
    }
  });
});

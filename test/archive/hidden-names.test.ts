import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findArchiveFiles } from '../../src/archive/backup-directory.js';
import { HiddenNames, readDeleted } from '../../src/archive/hidden-names.js';
import { localStorage } from '../../src/archive/local-storage.js';
import { readArchive } from '../../src/archive/verify.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { buildZip } from '../helpers/zip-builder.js';

/** The names that a differential hides of its full. */

const root = temporaryDirectory('hidden');
afterAll(() => {
  removeTemporary(root);
});

async function openHidden(): Promise<HiddenNames> {
  const deleted = ['a/gone', 'b/', 'a/gone too', 'top'];
  const content = `${deleted.join('\n')}\n`;
  const names = ['a/new', 'c/new', 'a/newer'];
  const entries = [
    { name: '.deleted.txt', content },
    ...names.map((name) => ({ name })),
  ];
  writeFileSync(join(root, 'D20260101T010000Z.zip'), buildZip(entries));

  const storage = localStorage(root);
  const files = await findArchiveFiles(storage, 'D20260101T010000Z.zip');
  const archive = await readArchive(files);
  const base = { files, volumes: [], lost: [true] };

  return new HiddenNames(archive, await readDeleted(archive, base));
}

describe('hidden names', () => {
  it('are those of the entries and of the list', async () => {
    const hidden = await openHidden();
    expect([...(hidden.get('a/') ?? [])].sort()).toEqual([
      'a/gone',
      'a/gone too',
      'a/new',
      'a/newer',
    ]);
    expect(hidden.get('c/')).toEqual(new Set(['c/new']));
    expect(hidden.get('')).toEqual(new Set(['.deleted.txt', 'b/', 'top']));
    expect(hidden.get('d/')).toBeUndefined();
  });

  it('are in memory for one directory at a time', async () => {
    const hidden = await openHidden();
    const first = hidden.get('a/');
    expect(hidden.get('a/')).toBe(first);
    hidden.get('c/');
    expect(hidden.get('a/')).not.toBe(first);
    expect(hidden.get('a/')).toEqual(first);
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { findArchiveFiles } from '../../src/archive/backup-directory.js';
import { localStorage } from '../../src/archive/local-storage.js';
import { openVolume } from '../../src/archive/open-archive.js';
import { IndexRuns } from '../../src/archive/read/indices.js';
import { collectFolders } from '../../src/recover/archived-folders.js';
import type { ChainEntries } from '../../src/recover/select-entries.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { buildZip } from '../helpers/zip-builder.js';

/** The folders of an archive whose mail is added to a live store. */

const root = temporaryDirectory('archived-folders');
afterAll(() => {
  removeTemporary(root);
});

const ALICE = '@backup/store/mail/example.com/alice';

async function select(names: readonly string[]): Promise<ChainEntries> {
  const entries = names.map((name) => ({ name, content: name }));
  writeFileSync(join(root, 'F20260101T010000Z.zip'), buildZip(entries));

  const storage = localStorage(root);
  const { volumes } = await findArchiveFiles(storage, 'F20260101T010000Z.zip');
  const selections = await Promise.all(
    volumes.map(async (volume) => {
      const { table } = await openVolume(volume);

      return { volume, table, indices: IndexRuns.below(table.count) };
    }),
  );

  return { selections } as unknown as ChainEntries;
}

it('they are read one by one, whatever parts of the archive they lie in, and not held', async () => {
  const folders = collectFolders(
    await select([
      `${ALICE}/INBOX/status.fld`,
      `${ALICE}/INBOX/misplaced.eml`,
      `${ALICE}/INBOX/#msgs/00000001.eml`,
      `${ALICE}/Sent/#msgs/00000001.eml`,
      `${ALICE}/INBOX/#msgs/00000002.eml`,
      `${ALICE}/INBOX/index.fld`,
    ]),
  );

  const read = folders.map((folder) => {
    const { messages, files } = folder.read();
    const names = messages.map(({ name }) => name);

    return { path: folder.path, holder: folder.holder, names, files };
  });

  const [inbox, sent] = ['INBOX', 'Sent'].map(
    (name) => `mail/example.com/alice/${name}`,
  );
  expect(read).toEqual([
    {
      path: inbox,
      holder: '#msgs',
      names: ['00000001.eml', '00000002.eml'],
      files: ['status.fld', 'index.fld'],
    },
    { path: inbox, holder: '', names: ['misplaced.eml'], files: [] },
    { path: sent, holder: '#msgs', names: ['00000001.eml'], files: [] },
  ]);

  const [first] = folders;
  expect(first?.read()).not.toBe(first?.read());
  expect(Object.keys(first ?? {})).toEqual(['path', 'holder']);
});

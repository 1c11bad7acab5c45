import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { findArchiveFiles } from '../../src/archive/backup-directory.js';
import { localStorage } from '../../src/archive/local-storage.js';
import { openVolume } from '../../src/archive/open-archive.js';
import type { Selection } from '../../src/archive/read/read-archive.js';
import type { ExportedMessage } from '../../src/export/exported-message.js';
import { layOutFolders } from '../../src/export/layouts.js';
import { readMessages } from '../../src/export/read-messages.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { buildZip } from '../helpers/zip-builder.js';

/** Of an export one folder is in memory, not all. */

const root = temporaryDirectory('export-folders');
afterAll(() => {
  removeTemporary(root);
});

const ALICE = '@backup/store/mail/example.com/alice';
const [first, second] = ['INBOX', 'Sent'].map((name) => `${ALICE}/${name}`);

async function select(
  file: string,
  contents: Readonly<Record<string, string>>,
): Promise<Selection> {
  const entries = Object.entries(contents);
  const zip = buildZip(entries.map(([name, content]) => ({ name, content })));
  writeFileSync(join(root, file), zip);

  const { volumes } = await findArchiveFiles(localStorage(root), file);
  const [volume] = volumes;
  if (!volume) throw new Error('no volume');

  const { table } = await openVolume(volume);

  return { volume, table, indices: entries.map((_, index) => index) };
}

it('the flags of a folder are read when its first message comes', async () => {
  const mail = await select('F20260101T010000Z.zip', {
    [`${first ?? ''}/#msgs/00000001.eml`]: 'one',
    [`${second ?? ''}/#msgs/00000001.eml`]: 'two',
  });
  const early = await select('F20260102T010000Z.zip', {
    [`${first ?? ''}/index.fld`]: 'U00000001 F1 S3\n',
  });
  const late = await select('F20260103T010000Z.zip', {
    [`${second ?? ''}/index.fld`]: 'U00000001 F4 S3\n',
  });
  rmSync(join(root, 'F20260103T010000Z.zip'));

  const messages = readMessages([mail], [early, late]);
  expect(await messages.next()).toMatchObject({
    value: { flags: { isSeen: true, isFlagged: false } },
  });
  await expect(messages.next()).rejects.toMatchObject({ code: 'ENOENT' });
});

it('a folder that comes again knows the names that it gave', async () => {
  const message = (folder: string, name: string): ExportedMessage => ({
    mailbox: 'example.com/alice',
    folder,
    name,
    bytes: Buffer.from(name),
    modifiedAt: new Date(0),
    flags: undefined,
  });

  const messages = [
    message('INBOX', 'Re Hello.eml'),
    message('Sent', 're hello.eml'),
    message('INBOX', 're hello.eml'),
    message('Sent', 'Re Hello.eml'),
  ];
  const names: string[] = [];
  for await (const { name } of layOutFolders(iterate(messages))) {
    names.push(name);
  }

  expect(names).toEqual([
    'example.com/alice/INBOX/Re Hello.eml',
    'example.com/alice/Sent/re hello.eml',
    'example.com/alice/INBOX/re hello (2).eml',
    'example.com/alice/Sent/Re Hello (2).eml',
  ]);
});

async function* iterate(
  messages: readonly ExportedMessage[],
): AsyncGenerator<ExportedMessage> {
  yield* await Promise.resolve(messages);
}

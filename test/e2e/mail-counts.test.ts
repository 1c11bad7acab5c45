import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { removeTree } from '../../src/platform/remove-tree.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { temporaryDirectory } from '../helpers/store.js';
import { expectDone, hasTool, runTool } from '../helpers/tools.js';

/** Whatever lies in a store: what a backup counts as mail is searched, exported once, and taken by `recover --message`. */

const RUNS = process.env['KMS_TEST_THOROUGH'] ? 40 : 2;

let dir = '';
afterEach(() => {
  if (dir !== '') removeTree(dir);
});

const directory = fc.constantFrom(
  ...['', 'example.com', 'example.com/alice', 'example.com/alice/INBOX'],
  ...['example.com/alice/INBOX/#msgs', 'example.com/alice/INBOX/#msgs/kept'],
  ...['example.com/alice/INBOX/#assoc', 'example.com/alice/&AMQ-rzte/#msgs'],
  ...['example.com/alice/.hidden', 'example.com/alice/dir.eml', '#msgs'],
  ...['example.com/#public/News/#msgs', '#public/News', 'example.com/#msgs'],
  ...['example.com/Alice/#msgs', 'example.com/alice/&bad', 'example.org/a b'],
);
const name = fc.oneof(
  fc.constantFrom(
    ...['00000001.eml', '0000000A.EML', 'ff.eml', 'FF.eml', 'ff.Eml', '.eml'],
    ...['Kopie von 0001.eml', 'a b.EML', '..eml', 'x.eml.eml', 'con.eml'],
    ...['a:b.eml', 'a_b.eml', '--message.eml', ' lead.eml', 'trail .eml'],
    ...[`"q" $(x) 'y'.eml`, `${'ü'.repeat(120)}.eml`, '😀.eml', 'no mail.txt'],
  ),
  fc
    .string({ minLength: 1, maxLength: 30, unit: 'grapheme' })
    .filter((text) => !/[\p{Cc}\p{Cs}/\\]/u.test(text))
    .map((text) => `${text}.eml`),
);
const content = fc
  .array(
    fc.constantFrom(
      ...['From ', '>From ', 'Subject: a', 'To: b', ' folded', '\xef\xbb\xbf'],
      ...['\r\n', '\n', '\r', '\r\n\r\n', '\0', '\xff', 'body', '=?utf-8?Q?'],
    ),
    { maxLength: 12 },
  )
  .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));
const store = fc.uniqueArray(
  fc.record({ directory, name, content }),
  // A disk may take a composed name and a decomposed one for the same.
  {
    minLength: 1,
    maxLength: 60,
    selector: ({ directory, name }) => `${directory}/${name.normalize()}`,
  },
);

const countOf = async (
  words: readonly string[],
): Promise<Record<string, unknown>> => {
  const { status, json } = await kmsJsonInProcess(words);
  expect(`${String(status)} of ${words.join(' ')}`).toMatch(/^(0|10) /);

  return json;
};

/** The messages in the files of an export, as Python reads them. */
const READERS = `
import json, mailbox, os, sys, tarfile, zipfile
root = sys.argv[1]
files = [os.path.join(d, f) for d, _, fs in os.walk(root) for f in fs]
names = zipfile.ZipFile(root + '/a.zip').namelist()
print(json.dumps([
    len({name.lower() for name in names}),
    sum(m.isfile() for m in tarfile.open(root + '/a.tar')),
    len(mailbox.mbox(root + '/a.mbox')),
    sum(len(mailbox.mbox(f)) for f in files if '/boxes/' in f),
    sum('/cur/' in f for f in files)]))`;

async function checkCounts(server: Installation): Promise<void> {
  const from = [server.backupDir, '--server-dir', server.serverDir];
  expectDone(await kmsInProcess(['backup', 'full', ...from.slice(1)]));
  const { archives } = await countOf(['list-archives', ...from]);
  const [{ messages }] = archives as [{ messages: number }];
  if (messages === 0) return;

  const found = await countOf(['search', ...from, '--before', '2099-01-01']);
  expect(found['searched']).toBe(messages);
  const names = (found['messages'] as { name: string }[]).map(
    ({ name }) => name,
  );
  expect(names).toHaveLength(messages);

  const outputs = [
    ...['zip a.zip', 'tar a.tar', 'mbox a.mbox', 'mbox boxes/', 'maildir Md'],
  ].map((words) => words.split(' ') as [string, string]);
  for (const [format, output] of outputs) {
    const path = join(dir, output) + (output.endsWith('/') ? '/' : '');
    const words = ['export', ...from, '--format', format, '--output', path];
    expect(await countOf(words)).toMatchObject({ messages });
  }

  const read = runTool('python3', ['-c', READERS, dir]);
  expect(read.stderr).toBe('');
  expect(JSON.parse(read.stdout)).toEqual(outputs.map(() => messages));

  const flags = names.map((name) => `--message=${name}`);
  const plan = await countOf([
    ...['recover', ...from, '--additive', '--dry-run', ...flags],
  ]);
  expect(plan['messages']).toBe(messages);
}

it.skipIf(!hasTool('python3'))(
  'every message that a backup counts is searched, exported once in each format, and recovered by its name',
  async () => {
    await fc.assert(
      fc.asyncProperty(store, async (files) => {
        dir = temporaryDirectory('mail-counts');
        const server = buildInstallation(join(dir, 'server'), { store: {} });
        mkdirSync(join(server.storeDir, 'mail'), { recursive: true });

        for (const { directory, name, content } of files) {
          const path = join(server.storeDir, 'mail', directory, name);
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, content);
        }

        expect(readdirSync(server.storeDir)).toContain('mail');
        await checkCounts(server);
        removeTree(dir);
      }),
      { numRuns: RUNS },
    );
  },
  RUNS * 300_000,
);

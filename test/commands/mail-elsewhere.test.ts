import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

/** Mail below the store, and the name that `recover --message` takes: people and other programs put it anywhere. */
const MAIL = {
  'example.com/alice/INBOX/#msgs/00000001.eml':
    'example.com/alice/INBOX/00000001',
  'example.com/alice/INBOX/#msgs/Re Hello.eml':
    'example.com/alice/INBOX/Re Hello.eml',
  'example.com/alice/INBOX/#msgs/HELLO AGAIN.EML':
    'example.com/alice/INBOX/HELLO AGAIN.EML',
  [`example.com/alice/INBOX/#msgs/it's $HOME "now" \`x\` & Größe.eml`]: `example.com/alice/INBOX/it's $HOME "now" \`x\` & Größe.eml`,
  'example.com/alice/INBOX/#msgs/kept/0000000b.eml':
    'example.com/alice/INBOX/#msgs/kept/0000000b.eml',
  'example.com/alice/Sent/#msgs/Twice.eml': 'example.com/alice/Sent/Twice.eml',
  'example.com/alice/Sent/Twice.eml': 'example.com/alice/Sent/Twice.eml',
  'example.com/alice/INBOX/00000001.eml':
    'example.com/alice/INBOX/00000001.eml',
  'example.com/alice/0000000f.eml': 'example.com/alice/0000000f.eml',
  'example.com/lost.eml': 'example.com/lost.eml',
  'example.com/#public/News/#msgs/a.eml': 'example.com/#public/News/a',
  'lost.eml': 'lost.eml',
};
const NONE = [
  'mail/example.com/alice/INBOX/#assoc/00000001.eml',
  'other/00000001.eml',
];

let dir = '';
let server: Installation;

const bytesOf = (path: string): string =>
  `From: bob@example.com\r\nSubject: ${path}\r\n\r\nneedle\r\n`;
const put = (path: string, text: string): void => {
  const target = join(server.storeDir, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
};

const run = (...args: string[]) =>
  kmsInProcess([...args, '--server-dir', server.serverDir]);
const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await run(...args, '--json')).stdout) as Record<string, unknown>;

beforeAll(async () => {
  dir = temporaryDirectory('elsewhere');
  server = buildInstallation(join(dir, 'server'), { store: {} });
  for (const path of Object.keys(MAIL)) put(`mail/${path}`, bytesOf(path));
  for (const path of NONE) put(path, bytesOf(path));
  put(
    'mail/example.com/alice/INBOX/index.fld',
    'U00000001 F80000001 S1 D43032abf\r\n',
  );
  put('mail/example.com/alice/INBOX/status.fld', 'T0');
  expectDone(await run('backup', 'full'));
});
afterAll(() => {
  removeTemporary(dir);
});

describe('mail that lies elsewhere or is called otherwise than the server does', () => {
  const names = Object.values(MAIL).sort();

  it('is counted alike by backup, listing, status page, search and export', async () => {
    const backup = await json('backup', 'diff', '--dry-run');
    expect(backup['messages']).toMatchObject({
      total: names.length,
      unchanged: names.length,
    });
    expect(await json('recover', server.backupDir, '--listing')).toMatchObject({
      messages: names.length,
    });
    const { archives } = await json('list-archives', server.backupDir);
    expect(archives).toMatchObject([{ messages: names.length }]);
    expect(await json('verify', server.backupDir)).toMatchObject({
      archives: [{ messages: names.length }],
    });
    expect(
      await json('search', server.backupDir, '--text', 'needle'),
    ).toMatchObject({ searched: names.length });
    const ended = await run(
      'export',
      server.backupDir,
      '-o',
      join(dir, 'all.zip'),
    );
    expect(ended.stdout).toMatch(
      new RegExp(`^Exported {2}${String(names.length)} messages`),
    );
    expect(ended.stdout).toContain(
      'Left out  1 hidden item of Outlook (#assoc): settings, no messages',
    );
  });

  it('is exported under names of its own, byte for byte, in every format', async () => {
    const script =
      'import json, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(json.dumps({n: z.read(n).decode() for n in z.namelist()}))';
    const all = JSON.parse(
      runTool('python3', ['-c', script, join(dir, 'all.zip')]).stdout,
    ) as Record<string, string>;
    expect(Object.values(all).sort()).toEqual(
      Object.keys(MAIL).map(bytesOf).sort(),
    );
    expect(Object.keys(all)).toContain('example.com/alice/0000000f.eml');
    expect(Object.keys(all)).toContain(
      'example.com/alice/INBOX/00000001 (2).eml',
    );
    const maildir = join(dir, 'Maildir');
    expectDone(
      await run(
        'export',
        server.backupDir,
        '-u',
        'alice',
        '--format',
        'maildir',
        '-o',
        maildir,
      ),
    );
    const counted = `import mailbox, sys
box = mailbox.Maildir(sys.argv[1], create=False)
folders = [box] + [box.get_folder(name) for name in box.list_folders()]
print(sum(len(list(folder)) for folder in folders), sorted(m.get_flags() for m in box))`;
    expect(runTool('python3', ['-c', counted, maildir]).stdout).toBe(
      "9 ['', '', '', '', '', 'S']\n",
    );
    const boxes = join(dir, 'boxes');
    expectDone(
      await run(
        'export',
        server.backupDir,
        '--format',
        'mbox',
        '-o',
        `${boxes}/`,
      ),
    );
    const texts = readdirSync(boxes, {
      recursive: true,
      encoding: 'utf8',
    }).filter((name) => name.endsWith('.mbox'));
    const froms = texts.flatMap(
      (name) =>
        readFileSync(join(boxes, name), 'latin1').match(/^From /gm) ?? [],
    );
    expect(froms).toHaveLength(names.length);
  });

  it('is exported alone where a query finds one of two messages of a name', async () => {
    const words = ['--subject', 'Sent/#msgs/', '-o', join(dir, 'one.zip')];
    expect(await json('export', server.backupDir, ...words)).toMatchObject({
      messages: 1,
    });
  });

  it('is found under names that recover takes, quoted for a shell', async () => {
    const { messages } = await json(
      'search',
      server.backupDir,
      '--text',
      'needle',
    );
    expect(
      (messages as { name: string }[]).map(({ name }) => name).sort(),
    ).toEqual(names);
    const { stdout } = await run(
      'search',
      server.backupDir,
      '--text',
      'needle',
    );
    const [line = ''] = stdout
      .split('\n')
      .filter((text) => text.startsWith('  kms-backup recover '));
    rmSync(join(server.storeDir, 'mail'), { recursive: true });
    const command = line.replace(
      'kms-backup',
      `'${process.execPath}' '${BINARY}'`,
    );
    for (const done of [
      '12 messages added (0 under another name)',
      '12 identical skipped',
    ]) {
      const ended = runTool('sh', ['-c', `${command} --yes`], {
        env: QUIET_ENVIRONMENT,
      });
      expectDone(ended);
      expect(ended.stdout).toContain(done);
    }

    for (const path of Object.keys(MAIL)) {
      expect(readFileSync(join(server.storeDir, 'mail', path), 'utf8')).toBe(
        bytesOf(path),
      );
    }
  });

  it('is told from a message of the same number, and replaced alone', async () => {
    const inbox = join(server.storeDir, 'mail/example.com/alice/INBOX');
    writeFileSync(join(inbox, '00000001.eml'), 'newer');
    writeFileSync(join(inbox, '#msgs/00000001.eml'), 'newer');
    const recover = (name: string) =>
      run('recover', server.backupDir, '--message', name, '--yes');
    expectDone(await recover('example.com/alice/INBOX/00000001.eml'));
    expect(readFileSync(join(inbox, '00000001.eml'), 'utf8')).toContain(
      'needle',
    );
    expect(readFileSync(join(inbox, '#msgs/00000001.eml'), 'utf8')).toBe(
      'newer',
    );
    expectDone(await recover('example.com/alice/INBOX/00000001'));
    expect(readFileSync(join(inbox, '#msgs/00000001.eml'), 'utf8')).toContain(
      'needle',
    );
    rmSync(join(inbox, '#msgs/Re Hello.eml'));
    expectDone(await recover('example.com/alice/INBOX/Re Hello'));
    expect(existsSync(join(inbox, '#msgs/Re Hello.eml'))).toBe(true);
    const missing = await recover('example.com/alice/INBOX/Re Hallo');
    expect(missing.status).toBe(10);
    expect(missing.stderr).toContain(
      'Did you mean example.com/alice/INBOX/Re Hello.eml',
    );
  });

  it('is known to search --deleted wherever it lies', async () => {
    expect((await run('search', server.backupDir, '--deleted')).status).toBe(
      10,
    );
    rmSync(join(server.storeDir, 'mail/lost.eml'));
    rmSync(join(server.storeDir, 'mail/example.com/alice/0000000f.eml'));
    const { messages } = await json('search', server.backupDir, '--deleted');
    const found = (messages as { name: string }[]).map(({ name }) => name);
    expect(found.sort()).toEqual([
      'example.com/alice/0000000f.eml',
      'lost.eml',
    ]);
  });
});

import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
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

let dir = '';
let server: Installation;

const mail = (
  id: string,
  subject: string,
  body = 'plain words',
  more: string[] = [],
): string =>
  [
    'From: =?utf-8?q?J=C3=BCrgen_Weber?= <weber@example.com>',
    'To: alice@example.com',
    `Subject: ${subject}`,
    'Date: Tue, 17 Nov 2026 09:30:00 +0100',
    `Message-ID: <${id}@example.com>`,
    ...more,
    '',
    body,
    '',
  ].join('\r\n');
const base64 = [
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: base64',
];

beforeAll(async () => {
  dir = temporaryDirectory('search');
  server = buildInstallation(join(dir, 'server'), {
    store: {
      mail: {
        'example.com': {
          alice: {
            INBOX: {
              'index.fld':
                'U00000001 F80000003 S1 D43032abf\r\nU00000002 F80000000 S1 D43032abf\r\n',
              'status.fld': 'T0',
              '#msgs': {
                '00000001.eml': mail('one', 'Quarterly figures'),
                '00000002.eml': mail(
                  'two',
                  'Lunch',
                  Buffer.from('Grüße aus Köln').toString('base64'),
                  base64,
                ),
                '00000003.eml': mail('three', 'Evil \x1b[2Jescape'),
              },
              '&AMQ-rzte': {
                '#msgs': { '00000001.eml': mail('four', 'Arzttermin') },
              },
            },
            'Sent Items': {
              '#msgs': { '0000000a.eml': mail('five', 'Re: Lunch') },
            },
          },
          bob: {
            INBOX: { '#msgs': { '00000001.eml': mail('six', 'For Bob') } },
          },
        },
        'example.org': {
          alice: {
            INBOX: {
              '#msgs': { '00000001.eml': mail('seven', 'Other Alice') },
            },
          },
        },
      },
    },
  });
  const ended = await kmsInProcess([
    'backup',
    'full',
    '--server-dir',
    server.serverDir,
  ]);
  expect(`${String(ended.status)} ${ended.stderr}`).toBe('0 ');
});
afterAll(() => {
  removeTemporary(dir);
});

const search = async (
  ...flags: string[]
): Promise<{ status: number | null; names: string[] }> => {
  const { status, json } = await kmsJsonInProcess([
    'search',
    server.backupDir,
    '--server-dir',
    server.serverDir,
    ...flags,
  ]);
  expect(json['schema']).toBe('kms-backup/search/1');
  return {
    status,
    names: (json['messages'] as { name: string }[]).map(({ name }) => name),
  };
};

describe('search', () => {
  it('finds by sender, subject, Message-ID, date and text, without accents', async () => {
    expect(await search('--subject', 'QUARTERLY')).toEqual({
      status: 0,
      names: ['example.com/alice/INBOX/00000001'],
    });
    expect((await search('--message-id', '<five@example.com>')).names).toEqual([
      'example.com/alice/Sent Items/0000000a',
    ]);
    expect((await search('--text', 'grusse aus koln')).names).toEqual([
      'example.com/alice/INBOX/00000002',
    ]);
    expect(
      (
        await search(
          '--from',
          'jurgen',
          '--since',
          '2026-11-17',
          '--before',
          '2026-11-19',
        )
      ).names,
    ).toHaveLength(7);
    expect(await search('--from', 'jurgen', '--before', '2026-11-16')).toEqual({
      status: 10,
      names: [],
    });
  });

  it('prints commands that recover all that was found, whatever their number', async () => {
    const many = buildInstallation(join(dir, 'many'), {
      store: {
        mail: {
          'example.com': {
            bob: {
              INBOX: {
                '#msgs': Object.fromEntries(
                  Array.from({ length: 45 }, (_, at) => [
                    `${(at + 1).toString(16).padStart(8, '0')}.eml`,
                    mail(`m${String(at)}`, `Report ${String(at)}`),
                  ]),
                ),
              },
            },
          },
        },
      },
    });
    expect(
      (await kmsInProcess(['backup', 'full', '--server-dir', many.serverDir]))
        .status,
    ).toBe(0);
    rmSync(join(many.storeDir, 'mail/example.com/bob/INBOX/#msgs'), {
      recursive: true,
    });
    const { stdout } = await kmsInProcess([
      'search',
      many.backupDir,
      '--subject',
      'report',
      '--server-dir',
      many.serverDir,
    ]);
    const commands = stdout
      .split('\n')
      .filter((line) => line.startsWith('  kms-backup recover '));
    for (const command of commands) {
      const line = `${command.replace('kms-backup', `'${process.execPath}' '${BINARY}'`)} --yes`;
      expectDone(runTool('sh', ['-c', line], { env: QUIET_ENVIRONMENT }));
    }

    expect(
      readdirSync(join(many.storeDir, 'mail/example.com/bob/INBOX/#msgs')),
    ).toHaveLength(45);
  });

  it('stays within domain, user and folder, typed in any case and decoded', async () => {
    expect(
      await search('-d', 'EXAMPLE.com', '-u', 'Alice', '-f', 'inbox/ärzte'),
    ).toEqual({
      status: 0,
      names: ['example.com/alice/INBOX/Ärzte/00000001'],
    });
    expect((await search('-u', 'alice@example.org')).names).toEqual([
      'example.org/alice/INBOX/00000001',
    ]);
    expect((await search('-u', 'bob', '-f', 'INBOX')).names).toHaveLength(1);
    expect(
      (
        await search(
          '-d',
          'example.com',
          '-u',
          'alice',
          '-f',
          'INBOX',
          '--no-subfolders',
        )
      ).names,
    ).toHaveLength(3);
  });

  it('names the nearest names where something is not there, and asks which of two users', async () => {
    const run = (...flags: string[]) =>
      kmsInProcess([
        'search',
        server.backupDir,
        '--server-dir',
        server.serverDir,
        ...flags,
      ]);
    expect(await run('-u', 'allice', '-d', 'example.com')).toMatchObject({
      status: 10,
      stdout: '',
    });
    expect((await run('-u', 'allice', '-d', 'example.com')).stderr).toContain(
      'Did you mean alice?',
    );
    expect((await run('-u', 'alice')).stderr).toContain(
      'alice is in several domains: example.com, example.org',
    );
    expect((await run('-u', 'bob', '-f', 'Ärzte')).status).toBe(10);
    expect((await run()).status).toBe(2);
    expect((await run('--subject', '')).status).toBe(2);
  });

  it('prints a command line for the shell and nothing that moves the cursor', async () => {
    const { stdout } = await kmsInProcess([
      'search',
      server.backupDir,
      '--subject',
      'escape',
      '-u',
      'alice@example.com',
    ]);
    expect(stdout).toContain('Evil  [2Jescape');
    expect(stdout).not.toContain('\x1b');
    const sent = (
      await kmsInProcess(['search', server.backupDir, '--subject', 'Re: Lunch'])
    ).stdout;
    expect(sent).toContain(`--message 'example.com/alice/Sent Items/0000000a'`);
  });

  it('with --deleted finds only what is gone from the mailbox, wherever it was moved in it', async () => {
    const inbox = join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs');
    renameSync(
      join(inbox, '00000001.eml'),
      join(
        server.storeDir,
        'mail/example.com/alice/Sent Items/#msgs/0000000b.eml',
      ),
    );
    const lunch = readFileSync(join(inbox, '00000002.eml'));
    rmSync(join(inbox, '00000002.eml'));
    try {
      expect((await search('--deleted')).names).toEqual([
        'example.com/alice/INBOX/00000002',
      ]);
      writeFileSync(
        join(inbox, '00000002.eml'),
        mail('new', 'a new message under the old name'),
      );
      expect((await search('--deleted')).names).toEqual([
        'example.com/alice/INBOX/00000002',
      ]);
    } finally {
      writeFileSync(join(inbox, '00000002.eml'), lunch);
      renameSync(
        join(
          server.storeDir,
          'mail/example.com/alice/Sent Items/#msgs/0000000b.eml',
        ),
        join(inbox, '00000001.eml'),
      );
    }
  });
});

describe('export', () => {
  const run = (...flags: string[]) =>
    kmsInProcess([
      'export',
      server.backupDir,
      '--server-dir',
      server.serverDir,
      ...flags,
    ]);

  it('writes a mailbox as zip, byte for byte', async () => {
    const output = join(dir, 'alice.zip');
    const ended = await run('-u', 'alice@example.com', '--output', output);
    expect(`${String(ended.status)} ${ended.stderr}`).toBe('0 ');
    expect(ended.stdout).toMatch(/^Exported {2}5 messages, .* as zip to /);
    runTool('python3', [
      '-c',
      'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])',
      output,
      join(dir, 'out'),
    ]);
    expect(
      readFileSync(
        join(dir, 'out/example.com/alice/INBOX/Ärzte/00000001.eml'),
        'utf8',
      ),
    ).toBe(mail('four', 'Arzttermin'));
    expect(
      (await run('-u', 'alice@example.com', '--output', output)).status,
    ).toBe(2);
  });

  it('takes flags from index.fld into a Maildir', async () => {
    const output = join(dir, 'Maildir');
    expect(
      (
        await run(
          '-d',
          'example.com',
          '-u',
          'alice',
          '--format',
          'maildir',
          '--output',
          output,
        )
      ).status,
    ).toBe(0);
    const script = `import mailbox, sys
box = mailbox.Maildir(sys.argv[1], create=False)
print(sorted((m['subject'].split()[0], m.get_flags()) for m in box), sorted(box.list_folders()))`;
    expect(runTool('python3', ['-c', script, output]).stdout).toBe(
      "[('Evil', ''), ('Lunch', ''), ('Quarterly', 'RS')] ['INBOX.&AMQ-rzte', 'Sent Items']\n",
    );
  });

  it('writes a search result to standard output and tells the rest on stderr', async () => {
    const ended = await run(
      '--format',
      'mbox',
      '--output',
      '-',
      '--subject',
      'lunch',
    );
    expect(ended.status).toBe(0);
    expect(ended.stdout.match(/^From weber@example\.com /gm)).toHaveLength(2);
    expect(ended.stderr).toContain('Exported  2 messages');
    expect(
      (await run('--format', 'mbox', '--output', '-', '--json')).status,
    ).toBe(2);
    expect(
      (
        await run(
          '--output',
          join(dir, 'none.zip'),
          '--subject',
          'nothing like it',
        )
      ).status,
    ).toBe(10);
  });

  it('writes nothing where a message is damaged', async () => {
    const archive = join(server.backupDir, 'F20200101T000000Z.zip');
    const [newest] = runTool('ls', [server.backupDir])
      .stdout.trim()
      .split('\n');
    const bytes = readFileSync(join(server.backupDir, newest ?? ''));
    const at = bytes.indexOf('INBOX/#msgs/00000003.eml') + 60;
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(archive, bytes);
    const output = join(dir, 'damaged.zip');
    const ended = await kmsInProcess([
      'export',
      archive,
      '-d',
      'example.com',
      '--output',
      output,
    ]);
    expect(ended.status).toBe(4);
    expect(() => readFileSync(output)).toThrow('ENOENT');
    rmSync(archive);
  });
});

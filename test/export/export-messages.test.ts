import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DamagedArchiveError,
  FailedError,
  UsageError,
} from '../../src/errors.js';
import {
  exportMessages,
  type ExportFormat,
  type ExportOptions,
} from '../../src/export/export-messages.js';
import type { ExportedMessage } from '../../src/export/exported-message.js';
import { hasTool } from '../helpers/tools.js';

const modifiedAt = new Date('2026-11-17T08:30:00Z');
const seen = {
  isSeen: true,
  isAnswered: false,
  isFlagged: false,
  isDraft: false,
};
const message = (
  folder: string,
  name: string,
  more: Partial<ExportedMessage> = {},
): ExportedMessage => ({
  mailbox: 'example.com/alice',
  folder,
  name: `${name}.eml`,
  bytes: Buffer.from(
    `From: bob@example.com\r\nSubject: ${name}\r\n\r\nbody of ${folder}\r\n`,
  ),
  modifiedAt,
  flags: seen,
  ...more,
});
const mailbox = [
  message('INBOX', '00000001'),
  message('INBOX/Ärzte', '00000001'),
  message('Gesendete Objekte', '0000000a'),
  message('INBOX', '00000002', { bytes: Buffer.alloc(0) }),
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kms-export-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function* stream(
  messages: readonly ExportedMessage[],
): AsyncGenerator<ExportedMessage> {
  for (const one of messages) yield await Promise.resolve(one);
}

function run(
  format: ExportFormat,
  output: string,
  more: Partial<ExportOptions> = {},
) {
  const scope = { mailboxes: 1, folders: 3, messages: mailbox.length };
  return exportMessages({
    messages: stream(mailbox),
    scope,
    format,
    output,
    overwrite: false,
    ...more,
  });
}

function tool(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

describe('an export', () => {
  it('as zip is read by unzip, with the folders people know and the messages byte for byte', async () => {
    const report = await run('zip', join(folder, 'a.zip'));
    expect(report).toMatchObject({
      messages: 4,
      sizeBytes: mailbox.reduce((sum, { bytes }) => sum + bytes.length, 0),
    });
    tool('unzip', '-tq', 'a.zip');
    tool(
      'python3',
      '-c',
      'import zipfile; zipfile.ZipFile("a.zip").extractall("out")',
    );
    expect(
      readFileSync(
        join(folder, 'out/example.com/alice/INBOX/Ärzte/00000001.eml'),
      ),
    ).toEqual(mailbox[1]?.bytes);
    expect(
      statSync(join(folder, 'out/example.com/alice/INBOX/00000002.eml')).size,
    ).toBe(0);
    expect(statSync(join(folder, 'a.zip')).mode & 0o777).toBe(0o600);
  });

  it.each<[ExportFormat, string]>([
    ['tar', '-xf'],
    ['tar.gz', '-xzf'],
  ])('as %s is read by tar, times included', async (format, flag) => {
    await run(format, join(folder, 'a'));
    tool('tar', flag, 'a');
    const path = join(
      folder,
      'example.com/alice/Gesendete Objekte/0000000a.eml',
    );
    expect(readFileSync(path)).toEqual(mailbox[2]?.bytes);
    expect(statSync(path).mtime).toEqual(modifiedAt);
  });

  it('as one mbox holds all messages, each with its folder', async () => {
    await run('mbox', join(folder, 'a.mbox'));
    const script =
      'import mailbox; print([(m["subject"], m["x-kerio-folder"]) for m in mailbox.mbox("a.mbox")][:3:2])';
    expect(tool('python3', '-c', script)).toBe(
      "[('00000001', 'example.com/alice/INBOX'), ('0000000a', 'example.com/alice/Gesendete Objekte')]\n",
    );
    expect(
      readFileSync(join(folder, 'a.mbox'), 'latin1').match(/^From /gm),
    ).toHaveLength(4);
  });

  it('as mbox into a directory is one file a folder', async () => {
    await run('mbox', `${join(folder, 'boxes')}/`);
    expect(readdirSync(join(folder, 'boxes/example.com/alice')).sort()).toEqual(
      ['Gesendete Objekte.mbox', 'INBOX', 'INBOX.mbox'],
    );
    expect(
      readFileSync(
        join(folder, 'boxes/example.com/alice/INBOX.mbox'),
        'latin1',
      ).match(/^From /gm),
    ).toHaveLength(2);
  });

  it('as Maildir is read by Python with flags and folders', async () => {
    await run('maildir', join(folder, 'Maildir'));
    const script = `import mailbox
box = mailbox.Maildir('Maildir', create=False)
print(len(box), sorted(box.list_folders()), [m.get_flags() for m in box], [m['subject'] for m in box.get_folder('INBOX.&AMQ-rzte')])`;
    expect(tool('python3', '-c', script)).toBe(
      "2 ['Gesendete Objekte', 'INBOX.&AMQ-rzte'] ['S', 'S'] ['00000001']\n",
    );
  });

  it('as Maildir of several mailboxes keeps them apart, also packed', async () => {
    const messages = [
      message('INBOX', '00000001'),
      message('Sent Items', '00000001', { mailbox: 'example.com/bob' }),
    ];
    const scope = { mailboxes: 2, folders: 2, messages: 2 };
    await run('maildir', join(folder, 'a.tar.gz'), {
      messages: stream(messages),
      scope,
    });
    const names = tool('tar', '-tzf', 'a.tar.gz').split('\n');
    expect(names).toContain('example.com/bob/.Sent Items/maildirfolder');
    expect(names).toContain('example.com/bob/new/');
    expect(names.filter((name) => name.includes('/cur/1'))).toHaveLength(2);
  });

  it('never lets two folders or an unsafe name fall together', async () => {
    const names = ['A/x?', 'A/x*', 'a/x_', '../../etc', 'con', 'x\u202egpj'];
    const messages = names.map((name) =>
      message(name, '00000001', { mailbox: '#public' }),
    );
    await run('tar', join(folder, 'a.tar'), { messages: stream(messages) });
    const listed = tool('tar', '-tf', 'a.tar').trim().split('\n');
    expect(new Set(listed.map((name) => name.toLowerCase())).size).toBe(
      names.length,
    );
    expect(listed).toContain('#public/A/x_ (2)/00000001.eml');
    expect(
      listed.every((name) => !name.includes('..') && !name.includes('?')),
    ).toBe(true);
  });

  const ODD_TIMES = [
    '1902-01-01T20:45:51Z',
    '1969-12-31T23:59:59Z',
    '2106-02-07T06:28:16Z',
    '2242-03-16T12:56:33Z',
  ];
  const oddMail = ODD_TIMES.map((time, at) =>
    message(at === 0 ? 'INBOX' : 'Ärzte', `0000000${at}`, {
      modifiedAt: new Date(time),
    }),
  );
  const READERS: readonly (readonly [
    tool: string,
    args: readonly string[],
    formats: readonly ExportFormat[],
  ])[] = [
    ['tar', ['--full-time', '-tvf'], ['tar']],
    ['busybox', ['tar', '-tvf'], ['tar']],
    ['bsdtar', [], ['tar']],
    ['7zz', ['l', '-slt'], ['tar', 'zip']],
  ];
  for (const [program, args, formats] of READERS) {
    for (const format of formats) {
      it.skipIf(!hasTool(program))(
        `as ${format} keeps times before 1970 and after 2106 for ${program}`,
        async () => {
          await run(format, join(folder, 'a'), { messages: stream(oddMail) });
          if (program !== 'bsdtar') {
            const listed = tool(program, ...args, 'a');
            for (const time of ODD_TIMES) {
              expect(listed).toContain(time.slice(0, -1).replace('T', ' '));
            }

            return;
          }

          tool('bsdtar', '-xf', 'a');
          const times = oddMail.map(
            ({ folder: own, name }) =>
              statSync(join(folder, 'example.com/alice', own, name)).mtime,
          );
          expect(
            times.map((time) => time.toISOString().replace('.000Z', 'Z')),
          ).toEqual(ODD_TIMES);
        },
      );
    }
  }

  it('as tar keeps every name and time for Python, long and with umlauts', async () => {
    const long = ['x'.repeat(90), 'y'.repeat(120), 'ä'.repeat(70)].map((part) =>
      message(`INBOX/${part}`, '00000001'),
    );
    await run('tar', join(folder, 'a'), {
      messages: stream([...oddMail, ...long]),
    });
    const script =
      'import tarfile; print([(m.name, int(m.mtime), m.mode) for m in tarfile.open("a")])';
    const listed = tool('python3', '-c', script);
    for (const { folder: own, name, modifiedAt: time } of [
      ...oddMail,
      ...long,
    ]) {
      expect(listed).toContain(
        `('example.com/alice/${own}/${name}', ${time.getTime() / 1000}, 384)`,
      );
    }

    tool('tar', '--warning=no-timestamp', '-xf', 'a');
    expect(
      existsSync(
        join(folder, `example.com/alice/INBOX/${'ä'.repeat(70)}/00000001.eml`),
      ),
    ).toBe(true);
  });

  it('keeps times before 1980 from breaking the zip', async () => {
    await run('zip', join(folder, 'a.zip'), { messages: stream(oddMail) });
    const script =
      'import zipfile; print([i.date_time[0] for i in zipfile.ZipFile("a.zip").infolist()])';
    expect(tool('python3', '-c', script)).toBe('[1980, 1980, 2043, 2043]\n');
  });
});

describe('an export that cannot be written', () => {
  const formats: ExportFormat[] = ['zip', 'tar', 'tar.gz', 'mbox', 'maildir'];

  it.each(formats)('as %s onto a full disk is an error', async (format) => {
    const output = format === 'maildir' ? '/dev/full' : '/dev/full';
    const many = Array.from({ length: 300 }, (_, i) =>
      message('INBOX', String(i), {
        bytes: Buffer.alloc(20_000, `Subject: ${String(i)}\n`),
      }),
    );
    const error = await run(format, output, { messages: stream(many) }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(
      format === 'maildir' ? UsageError : FailedError,
    );
    if (format !== 'maildir') expect(String(error)).toContain('no space left');
  });

  it.each(formats)(
    'as %s leaves nothing behind when a message turns out to be damaged',
    async (format) => {
      async function* broken(): AsyncGenerator<ExportedMessage> {
        yield* stream(mailbox);
        await Promise.resolve();
        throw new DamagedArchiveError('CRC-32 differs: 00000003.eml');
      }

      await expect(
        run(format, join(folder, 'out'), { messages: broken() }),
      ).rejects.toThrow(DamagedArchiveError);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it.each(formats)(
    'as %s leaves nothing behind when it is interrupted',
    async (format) => {
      const controller = new AbortController();

      async function* slow(): AsyncGenerator<ExportedMessage> {
        yield* stream(mailbox);
        controller.abort(new Error('stop'));
        yield* stream(mailbox);
      }

      const { signal } = controller;
      await expect(
        run(format, join(folder, 'out'), { messages: slow(), signal }),
      ).rejects.toThrow('stop');
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it.each(formats)(
    'as %s says so when its directory vanishes meanwhile',
    async (format) => {
      mkdirSync(join(folder, 'share'));

      async function* vanish(): AsyncGenerator<ExportedMessage> {
        yield* stream(mailbox);
        await new Promise((resolve) => setTimeout(resolve, 50));
        rmSync(join(folder, 'share'), { recursive: true });
        yield* stream(mailbox);
      }

      await expect(
        run(format, join(folder, 'share/out'), { messages: vanish() }),
      ).rejects.toThrow(
        format === 'maildir'
          ? 'it is not there (ENOENT)'
          : 'the output could not be completed',
      );
      expect(existsSync(join(folder, 'share/out'))).toBe(false);
    },
  );

  it('never replaces an existing file or directory without being told to', async () => {
    writeFileSync(join(folder, 'a.zip'), 'precious');
    await expect(run('zip', join(folder, 'a.zip'))).rejects.toThrow(UsageError);
    expect(readFileSync(join(folder, 'a.zip'), 'utf8')).toBe('precious');
    await expect(run('maildir', folder)).rejects.toThrow(UsageError);
    await expect(run('zip', join(folder, 'none/a.zip'))).rejects.toThrow(
      'no such directory',
    );
    await run('zip', join(folder, 'a.zip'), { overwrite: true });
    tool('unzip', '-tq', 'a.zip');
  });

  it('ends with an error when the reader of its pipe ends', async () => {
    const code = `
      import { exportMessages } from '${new URL('../../dist/export/export-messages.js', import.meta.url).href}';
      async function* many() {
        for (let i = 0; ; i++) yield { mailbox: 'a/b', folder: 'c', name: i + '.eml', bytes: Buffer.alloc(50000), modifiedAt: new Date(0) };
      }
      const scope = { mailboxes: 1, folders: 1, messages: 1 };
      await exportMessages({ messages: many(), scope, format: process.argv[1], output: '-', overwrite: false }).catch((error) => {
        console.error(error.message);
        process.exitCode = 1;
      });`;
    for (const format of ['tar', 'tar.gz', 'mbox', 'zip', 'maildir']) {
      const child = spawn(
        process.execPath,
        ['--input-type=module', '-e', code, format],
        {
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      child.stdout.once('data', () => child.stdout.destroy());
      let stderr = '';
      child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
      const status = await new Promise((resolve) =>
        child.once('close', resolve),
      );
      expect([format, status, stderr]).toEqual([
        format,
        1,
        'cannot write to standard output: the program that reads it has ended\n',
      ]);
    }
  });
});

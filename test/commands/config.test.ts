import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { SETTING_KEYS } from '../../src/config/keys.js';
import { kmsInProcess } from '../helpers/in-process.js';
import { BINARY, kms, type Ended } from '../helpers/tools.js';
import { makeInstallation } from '../helpers/configured-server.js';
import { STORE_BACKUP } from '../helpers/mailserver-config.js';
import { hasTerminal, typeInto } from '../helpers/terminal.js';

describe('config', () => {
  it('shows every setting, and as JSON', async () => {
    const { dir } = makeInstallation();
    const shown = await kmsInProcess(['config', 'show', '--server-dir', dir]);
    expect(shown.stderr).toBe('');
    expect(shown.stdout).toMatch(/keep +7 +Keep at most/);
    const document = JSON.parse(
      (await kmsInProcess(['config', 'show', '--json', '--server-dir', dir]))
        .stdout,
    ) as object;
    expect(document).toMatchObject({
      schema: 'kms-backup/config/1',
      settings: {
        enabled: true,
        keep: 7,
        'volume-size': 2147483647,
        'keep-differentials': false,
        'include-im': true,
      },
    });
  });

  it('sets several settings at once, changes only their lines, and takes its own JSON back', async () => {
    const { dir, configPath } = makeInstallation();
    const original = readFileSync(configPath, 'utf8');
    const before = (
      await kmsInProcess(['config', 'show', '--json', '--server-dir', dir])
    ).stdout;
    const words = [
      'keep=3',
      'volume-size=600MB',
      'notify=root@example.com',
      'keep-differentials=true',
      'include-im=off',
    ];
    const set = await kmsInProcess([
      'config',
      'set',
      ...words,
      'backup-dir=/mnt/a & b',
      '--server-dir',
      dir,
    ]);
    expect(set).toMatchObject({ status: 0, stderr: '' });
    expect(set.stdout).toContain('keep: 7 -> 3');
    const expected = original
      .replace('"RotationLimit">7<', '"RotationLimit">3<')
      .replace('"MaxFileSize">2147483647<', '"MaxFileSize">600000000<')
      .replace('"AdminNotify"><', '"AdminNotify">root@example.com<')
      .replace('"RemoveOldDiffBackups">1<', '"RemoveOldDiffBackups">0<')
      .replace('"IncludeIM">1<', '"IncludeIM">0<')
      .replace(/"BackupDir">[^<]*</, '"BackupDir">/mnt/a &amp; b<');
    expect(readFileSync(configPath, 'utf8')).toBe(expected);
    expect(
      kms(['config', 'set', '--from', '-', '--server-dir', dir], {
        input: before,
      }).status,
    ).toBe(0);
    expect(readFileSync(configPath, 'utf8')).toBe(original);
  });

  it('shows the lines in a dry run and writes nothing', async () => {
    const { dir, configPath } = makeInstallation();
    const before = statSync(configPath).mtimeMs;
    const { stdout, status } = await kmsInProcess([
      'config',
      'set',
      'keep=3',
      '--dry-run',
      '--server-dir',
      dir,
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /- *\d+ +<variable name="RotationLimit">7<\/variable>\n\+ *\d+ .*>3</,
    );
    expect(stdout).toContain('Nothing was changed.');
    expect(statSync(configPath).mtimeMs).toBe(before);
  });

  it.each([
    ['keep=0', 'keep is "0"'],
    ['keep=many', 'keep is "many"'],
    ['volume-size=2XB', 'volume-size is "2XB"'],
    ['volume-size=3GiB', 'volume-size is "3GiB"'],
    ['enabled=perhaps', 'enabled is "perhaps"'],
    ['notify=nobody', 'notify is "nobody"'],
    ['backup-dir=relative/path', 'no complete path'],
    ['backup-dir=\\\\nas\\backup', 'no complete path'],
    ['kep=3', 'Did you mean keep?'],
    ['network-disk-password=x', 'never taken from an argument'],
    ['keep', 'not KEY=VALUE'],
    ['notify=a\u0001@b', 'no e-mail address|cannot hold'],
  ])(
    'refuses %s with exit code 2 and writes nothing, with and without --json',
    async (word, message) => {
      const { dir, configPath } = makeInstallation();
      const before = readFileSync(configPath);
      const text = await kmsInProcess([
        'config',
        'set',
        word,
        '--server-dir',
        dir,
      ]);
      const json = await kmsInProcess([
        'config',
        'set',
        word,
        '--json',
        '--server-dir',
        dir,
      ]);
      expect([text.status, json.status]).toEqual([2, 2]);
      expect(text.stderr).toMatch(new RegExp(message.replace(/[?.]/g, '\\$&')));
      expect(JSON.parse(json.stdout)).toMatchObject({
        schema: 'kms-backup/error/1',
        exitCode: 2,
      });
      expect(readFileSync(configPath)).toEqual(before);
    },
  );

  it('takes its own JSON back also where the file said nothing before', async () => {
    const storeBackup = STORE_BACKUP.filter(
      ([name]) => name !== 'RotationLimit',
    );
    const { dir, configPath } = makeInstallation({ storeBackup });
    const original = readFileSync(configPath, 'utf8');
    const saved = (
      await kmsInProcess(['config', 'show', '--json', '--server-dir', dir])
    ).stdout;
    const restore = (): Ended =>
      kms(['config', 'set', '--from', '-', '--server-dir', dir], {
        input: saved,
      });
    expect(restore()).toEqual({
      status: 0,
      signal: null,
      stdout: 'Nothing to change.\n',
      stderr: '',
    });
    await kmsInProcess(['config', 'set', 'keep=3', '--server-dir', dir]);
    expect(restore().stdout).toBe('keep: 3 -> 7\n');
    expect(
      JSON.parse(
        (await kmsInProcess(['config', 'show', '--json', '--server-dir', dir]))
          .stdout,
      ),
    ).toMatchObject({
      settings: { keep: 7 },
    });
    expect(
      readFileSync(configPath, 'utf8').replace(
        / {2}<variable name="RotationLimit">7<.*\r\n/,
        '',
      ),
    ).toBe(original);
  });

  it('leaves a value that is written in another way and means the same', async () => {
    const { dir, configPath } = makeInstallation({ backupDir: 'store/backup' });
    const before = statSync(configPath).mtimeMs;
    const words = [
      `backup-dir=${join(dir, 'store', 'backup')}`,
      'keep=7',
      'volume-size=2GiB',
    ];
    expect(
      (await kmsInProcess(['config', 'set', ...words, '--server-dir', dir]))
        .stdout,
    ).toBe('Nothing to change.\n');
    expect(statSync(configPath).mtimeMs).toBe(before);
  });

  it('writes neither file when a value of either is impossible, and shows both in a dry run', async () => {
    const { dir, configPath } = makeInstallation();
    const before = readFileSync(configPath);
    const both = await kmsInProcess([
      'config',
      'set',
      'keep=3',
      `network-disk-user="a" 'b'`,
      '--server-dir',
      dir,
    ]);
    expect([both.status, both.stderr]).toEqual([
      2,
      expect.stringContaining('both kinds of quotes'),
    ]);
    const dry = await kmsInProcess([
      'config',
      'set',
      'keep=3',
      'network-disk-user=NAS\\b',
      '--dry-run',
      '--server-dir',
      dir,
    ]);
    expect(dry.stdout).toMatch(
      /RotationLimit">3<.*\nkeep: 7 -> 3\nnetwork-disk-user: - -> NAS\\b\nNothing was changed/,
    );
    expect(readFileSync(configPath)).toEqual(before);
    expect(existsSync(join(dir, 'kms-backup.ini'))).toBe(false);
  });

  it.each([
    ['win32', 'E:\\backup 2', true],
    ['win32', '\\\\nas\\backup', true],
    ['win32', '/mnt/backup', false],
    ['win32', '\\backup', false],
    ['win32', 'E:backup', false],
    ['linux', '/mnt/a b', true],
    ['linux', 'E:\\backup', false],
    ['darwin', '//nas/backup', true],
  ] as const)(
    'a backup directory on %s: %s is complete: %s',
    (platform, path, isComplete) => {
      const key = SETTING_KEYS.find(({ name }) => name === 'backup-dir');
      const write = (): string | undefined => key?.toFile(path, platform);
      if (isComplete) expect(write()).toBe(path);
      else expect(write).toThrow('no complete path');
    },
  );

  it('keeps the network-disk user in kms-backup.ini and never a password', async () => {
    const { dir, configPath } = makeInstallation();
    const before = readFileSync(configPath);
    writeFileSync(join(dir, 'kms-backup.ini'), '; ours\n[backup]\nlevel = 9\n');
    const words = [
      'network-disk-user=NAS\\backup',
      'network-disk-password-file=/etc/kms password',
    ];
    expect(
      await kmsInProcess(['config', 'set', ...words, '--server-dir', dir]),
    ).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(configPath)).toEqual(before);
    const ini = readFileSync(join(dir, 'kms-backup.ini'), 'utf8');
    expect(ini).toContain('; ours\n[backup]\nlevel = 9\n');
    const shown = JSON.parse(
      (await kmsInProcess(['config', 'show', '--json', '--server-dir', dir]))
        .stdout,
    ) as {
      settings: object;
    };
    expect(shown.settings).toMatchObject({
      'network-disk-user': 'NAS\\backup',
      'network-disk-password-file': '/etc/kms password',
    });
    expect(statSync(join(dir, 'kms-backup.ini')).mode & 0o077).toBe(
      0o044 & statSync(join(dir, 'kms-backup.ini')).mode,
    );
  });

  it('names line and nearest key of an unknown word in kms-backup.ini', async () => {
    const { dir } = makeInstallation();
    writeFileSync(join(dir, 'kms-backup.ini'), '[backup]\nthreds = 2\n');
    const { status, stderr } = await kmsInProcess([
      'config',
      'show',
      '--server-dir',
      dir,
    ]);
    expect(status).toBe(2);
    expect(stderr).toContain(
      'kms-backup.ini line 2: [backup] has no key threds; did you mean threads?',
    );
  });

  it('does not ask without a terminal', async () => {
    const { dir } = makeInstallation();
    const { status, stderr } = await kmsInProcess([
      'config',
      'wizard',
      '--server-dir',
      dir,
    ]);
    expect(status).toBe(2);
    expect(stderr).toContain('Use config set KEY=VALUE.');
  });

  it('is not found where no server is', async () => {
    expect(
      (await kmsInProcess(['config', 'show', '--server-dir', '/nonexistent']))
        .status,
    ).toBe(10);
  });
});

describe('log', () => {
  it('switches the message group and back to the byte', async () => {
    const { dir, configPath } = makeInstallation({ debugEvents: [] });
    expect(
      (
        await kmsInProcess([
          'log',
          'disable',
          'store-backup',
          '--server-dir',
          dir,
        ])
      ).stdout,
    ).toContain('off already');
    expect(
      await kmsInProcess([
        'log',
        'enable',
        'store-backup',
        '--server-dir',
        dir,
      ]),
    ).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(configPath, 'utf8').replaceAll(/\s/g, '')).toContain(
      '<variablename="LogName">debug</variable><variablename="EventName">backup</variable><variablename="Enabled">1</variable>',
    );
    expect(
      (
        await kmsInProcess([
          'log',
          'disable',
          'store-backup',
          '--server-dir',
          dir,
        ])
      ).status,
    ).toBe(0);
    const existing = makeInstallation();
    const original = readFileSync(existing.configPath, 'utf8');
    await kmsInProcess([
      'log',
      'enable',
      'store-backup',
      '--server-dir',
      existing.dir,
    ]);
    expect(readFileSync(existing.configPath, 'utf8')).not.toBe(original);
    await kmsInProcess([
      'log',
      'disable',
      'store-backup',
      '--server-dir',
      existing.dir,
    ]);
    expect(readFileSync(existing.configPath, 'utf8')).toBe(original);
  });

  it('shows the backup lines alone', async () => {
    const { dir, logDir } = makeInstallation({
      debugEvents: [['backup', '1']],
    });
    expect(
      (await kmsInProcess(['log', 'show', '--server-dir', dir])).status,
    ).toBe(10);
    const lines = [
      '[16/Mar/2021 18:24:38][6376] {smtps} x {backup} y',
      '[16/Mar/2021 18:24:39][6376] {backup} started',
    ];
    writeFileSync(join(logDir, 'debug.log'), `${lines.join('\r\n')}\r\n`);
    expect(await kmsInProcess(['log', 'show', '--server-dir', dir])).toEqual({
      status: 0,
      signal: null,
      stdout: `${lines[1] ?? ''}\n`,
      stderr: '',
    });
    const json = JSON.parse(
      (await kmsInProcess(['log', 'show', '--json', '--server-dir', dir]))
        .stdout,
    ) as object;
    expect(json).toMatchObject({
      schema: 'kms-backup/log/1',
      isEnabled: true,
      lines: [lines[1]],
    });
  });

  it('gets what our runs do, and the error log how they ended, in the words that monitoring looks for', async () => {
    const { dir, logDir } = makeInstallation({
      debugEvents: [['backup', '1']],
    });
    symlinkSync('/nowhere', join(dir, 'store', 'mail', 'link'));
    expect(
      (await kmsInProcess(['backup', 'full', '--server-dir', dir])).status,
    ).toBe(3);
    const words = (log: string): string[] =>
      readFileSync(join(logDir, log), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) =>
          line.replace(/^\[\d\d\/[A-Z][a-z]{2}\/\d{4} \d\d:\d\d:\d\d\]/, ''),
        );
    expect(
      words('debug.log').map((line) =>
        line.replace(/^\[\d+\] \{backup\} /, ''),
      ),
    ).toEqual([
      expect.stringMatching(/^backup full started to .*\/backup$/),
      expect.stringMatching(/^left out .*store\/mail\/link.*: .*link/),
      expect.stringMatching(
        /^finished: F\d{8}T\d{6}Z\.zip, 0 messages, .* 1 left out$/,
      ),
    ]);
    expect(
      (
        await kmsInProcess([
          'backup',
          'full',
          '--server-dir',
          dir,
          '--backup-dir',
          '/dev/null',
        ])
      ).status,
    ).not.toBe(0);
    expect(words('error.log')).toEqual([
      expect.stringMatching(/^ Backup job finished: F\d{8}T\d{6}Z\.zip, /),
      expect.stringMatching(
        /^ Full backup has failed with error: .*\/dev\/null/,
      ),
    ]);
    expect(words('debug.log').at(-1)).toMatch(
      /\] \{backup\} backup full failed: .*\/dev\/null/,
    );
  });

  it('goes on with new lines, through a rotation, until it is stopped', async () => {
    const { dir, logDir } = makeInstallation({
      debugEvents: [['backup', '1']],
    });
    const path = join(logDir, 'debug.log');
    const line = (text: string): string =>
      `[16/Mar/2021 18:24:39][6376] {backup} ${text}\r\n`;
    writeFileSync(path, line('one') + line('two').slice(0, -7));
    const child = spawn(process.execPath, [
      BINARY,
      'log',
      'show',
      '--follow',
      '--server-dir',
      dir,
    ]);
    let seen = '';
    const shows = async (text: string): Promise<void> => {
      await vi.waitFor(
        () => {
          expect(seen).toContain(text);
        },
        { timeout: 10_000 },
      );
    };

    child.stdout.on('data', (data: Buffer) => (seen += data.toString()));
    await shows('one\n');
    expect(seen).not.toContain('tw');
    appendFileSync(
      path,
      line('two').slice(-7) + '[16/Mar/2021 18:24:39][6376] {smtps} other\r\n',
    );
    await shows('} two\n');
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, line('three'));
    writeFileSync(path, line('four'));
    await shows('} four\n');
    let complaints = '';
    child.stderr.on('data', (data: Buffer) => (complaints += data.toString()));
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect([code, complaints]).toEqual([130, '']);
    expect(seen.match(/\} \w+\n/g)).toEqual([
      '} one\n',
      '} two\n',
      '} three\n',
      '} four\n',
    ]);
  });
});

describe.runIf(hasTerminal)('on a terminal', () => {
  const ENTER = '\r';
  const QUESTIONS = 14;
  /** Answers every question with Enter but those that are given. */
  const steps = (
    answers: Readonly<Record<string, string>>,
  ): [string, string][] =>
    SETTING_KEYS.map(({ label, name }) => [
      label,
      `${answers[name] ?? ''}${ENTER}`,
    ]);

  it('the wizard asks for each setting, shows the lines that would change, and writes them after a yes', () => {
    const { dir, configPath } = makeInstallation();
    const original = readFileSync(configPath, 'utf8');
    const clear = '\b'.repeat(12);
    const asked = steps({ keep: `${clear}5`, 'include-lists': 'n' });
    expect(asked).toHaveLength(QUESTIONS);
    const { status, screen } = typeInto(
      ['config', 'wizard', '--server-dir', dir],
      [...asked, ['Write this to', `y${ENTER}`]],
    );
    expect(screen).toMatch(/-.*RotationLimit">7<[\s\S]*\+.*RotationLimit">5</);
    expect(screen).toContain(`Wrote ${configPath}`);
    expect(status).toBe(0);
    const expected = original
      .replace('"RotationLimit">7<', '"RotationLimit">5<')
      .replace('"IncludeLists">1<', '"IncludeLists">0<');
    expect(readFileSync(configPath, 'utf8')).toBe(expected);
  });

  it('the wizard writes nothing after a no, after nothing changed, and after Ctrl+C', () => {
    const { dir, configPath } = makeInstallation();
    const original = readFileSync(configPath, 'utf8');
    const wizard = ['config', 'wizard', '--server-dir', dir];
    const no = typeInto(wizard, [
      ...steps({ enabled: 'n' }),
      ['Write this to', ENTER],
    ]);
    expect(no).toMatchObject({ status: 0 });
    expect(no.screen).toContain('Nothing was changed.');
    expect(typeInto(wizard, steps({})).screen).toContain('Nothing to change.');
    expect(typeInto(wizard, [['Backup is enabled', '\x03']]).status).toBe(130);
    expect(readFileSync(configPath, 'utf8')).toBe(original);
  });

  it('the wizard takes the notification address away with Backspace', async () => {
    const { dir, configPath } = makeInstallation();
    await kmsInProcess([
      'config',
      'set',
      'notify=root@example.com',
      '--server-dir',
      dir,
    ]);
    const asked = steps({ notify: '\b' });
    const { status } = typeInto(
      ['config', 'wizard', '--server-dir', dir],
      [...asked, ['Write this to', `y${ENTER}`]],
    );
    expect(status).toBe(0);
    expect(readFileSync(configPath, 'utf8')).toContain('"AdminNotify"><');
  });

  it('the wizard does not take what is impossible', () => {
    const { dir } = makeInstallation();
    const [enabled, ...others] = steps({});
    const { screen } = typeInto(
      ['config', 'wizard', '--server-dir', dir],
      [
        enabled ?? ['', ''],
        ['Backup directory', `${'\b'.repeat(200)}relative${ENTER}`],
        ['complete path', '\x03'],
      ],
    );
    expect(screen).toContain('relative');
    expect(others).toHaveLength(QUESTIONS - 1);
  });
});

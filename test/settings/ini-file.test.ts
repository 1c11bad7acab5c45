import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { withIniValue } from '../../src/settings/ini-edit.js';
import { parseIniText, readIniFile } from '../../src/settings/ini-file.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kms ini '));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const settings = (text: string) => parseIniText(text, dir);

function errorOf(text: string): ConfigurationError {
  try {
    settings(text);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }

  throw new Error(`accepted: ${text}`);
}

describe('kms-backup.ini', () => {
  test('[api] takes a fingerprint as openssl prints it, and reads the address', () => {
    const digits = 'ab'.repeat(32);
    const pairs = 'AB:'.repeat(31) + 'AB';
    const api = (line: string) => settings(`[api]\n${line}\n`).api;

    for (const spelling of [
      digits,
      pairs,
      `SHA256 Fingerprint=${pairs}`,
      `sha256 Fingerprint=${pairs}`,
      `SHA256:${digits}`,
    ]) {
      expect(api(`fingerprint = ${spelling}`).fingerprint).toBe(digits);
    }

    expect(api('url = https://[2001:db8::1]/').url).toEqual({
      host: '2001:db8::1',
      port: 4040,
    });
    for (const url of [
      'http://a',
      'https://a:0',
      'https://a:70000',
      'https://[a]',
    ]) {
      expect(errorOf(`[api]\nurl = ${url}\n`).message).toContain('line 2');
    }

    expect(errorOf('[api]\nfingerprint = abc\n').message).toContain('line 2');
  });

  test('a missing file sets nothing', () => {
    expect(readIniFile(dir).backup.threads).toBeUndefined();
    expect(readIniFile(dir).ping.url).toBeUndefined();
  });

  test('is read whole from the install directory', () => {
    writeFileSync(
      join(dir, 'kms-backup.ini'),
      [
        '\uFEFF; what the Backup tab has no place for',
        '[backup]',
        'threads = 4 ; half of the cores',
        'read-ahead = 0',
        'level=9',
        'engine = zlib',
        'oversize = split',
        'volume-size = 600MB',
        'mass-loss-user = 50 %',
        'verify = no',
        '[smtp]',
        'host = mail.example.com',
        'port = 587',
        'tls = starttls',
        'user = "backup; me"',
        'password-file = secrets/smtp',
        'from = Backup <backup@example.com>',
        'to = a@example.com, B <b@example.com>',
        '[hooks]',
        'before = /usr/local/bin/freeze --now',
        'on-error = "C:\\Program Files\\tell.cmd" "it failed"',
        '[ping]',
        'url = https://ping.example.com/#/a?b=c',
        '[network-disk]',
        'user = NAS\\backup',
      ].join('\r\n'),
    );
    const read = readIniFile(dir);
    expect(read.backup).toMatchObject({
      threads: 4,
      filesAhead: 0,
      level: 9,
      engine: 'zlib',
      oversize: 'split',
      volumeSizeBytes: 600e6,
      massLossUserPercent: 50,
      verify: false,
    });
    expect(read.smtp).toMatchObject({
      host: 'mail.example.com',
      port: 587,
      tls: 'starttls',
      user: 'backup; me',
    });
    expect(read.smtp.passwordFile).toBe(join(dir, 'secrets', 'smtp'));
    expect(read.smtp.to).toEqual(['a@example.com', 'B <b@example.com>']);
    expect(read.hooks.onError).toBe(
      '"C:\\Program Files\\tell.cmd" "it failed"',
    );
    expect(read.ping.url).toBe('https://ping.example.com/#/a?b=c');
    expect(read.networkDisk.user).toBe('NAS\\backup');
  });

  test('a backslash is a backslash, as Windows paths need it', () => {
    const before = (text: string) =>
      settings(`[hooks]\nbefore=${text}`).hooks.before;
    expect(before('\\\\nas\\backup\\new.cmd')).toBe('\\\\nas\\backup\\new.cmd');
    expect(before('"\\\\nas\\the backup\\new.cmd"')).toBe(
      '\\\\nas\\the backup\\new.cmd',
    );
    expect(before("'C:\\new'")).toBe('C:\\new');
  });

  test('a comment begins after a space only, and an escaped sign is the sign', () => {
    const before = (text: string) =>
      settings(`[hooks]\nbefore=${text}`).hooks.before;
    expect(before('a;b #c')).toBe('a;b');
    expect(before('a \\; b')).toBe('a ; b');
    expect(before('a \\# b # c')).toBe('a # b');
  });

  test('every wrong line is named with its number', () => {
    const error = errorOf(
      '[backup]\n\ntreads = 4\nlevel = 12\noversize = cut\n',
    );
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(
      'has 3 errors: line 3: [backup] has no key treads; did you mean threads?',
    );
    expect(error.message).toContain(
      'line 4: [backup] level must be a whole number from 1 to 9, found 12',
    );
    expect(error.message).toContain(
      'line 5: [backup] oversize must be one of skip, split, found cut',
    );
    expect(error.hints[0]).toContain('threads, read-ahead, level, engine');
  });

  test.each([
    [
      '[backup]\nreadahead = 4',
      'line 2: [backup] has no key readahead; did you mean read-ahead?',
    ],
    [
      '[backup]\nread-ahead = 300',
      'line 2: [backup] read-ahead must be a whole number from 0 to 256, found 300',
    ],
    [
      '[bakup]\nlevel=1',
      'line 1: no section [bakup] is known; did you mean [backup]?',
    ],
    [
      '[Backup]\nlevel=1',
      'line 1: no section [Backup] is known; did you mean [backup]?',
    ],
    ['[backup.x]\nlevel=1', 'line 1: no section [backup.x] is known'],
    ['level=1', 'line 1: level stands before the first [section]'],
    ['[backup]\nlevel', 'line 2: neither [section] nor key = value'],
    ['[backup]\n= 3', 'line 2: neither [section] nor key = value'],
    ['[backup\nlevel=1', 'line 1: neither [section] nor key = value'],
    ['[backup]\n__proto__ = 3', 'line 2: neither [section] nor key = value'],
    [
      '[backup]\nlevel =',
      'line 2: [backup] level must be a whole number from 1 to 9, found nothing',
    ],
    ['[backup]\nlevel = null', 'found null'],
    [
      '[backup]\nlevel=1\n[backup]\nlevel=2',
      'line 4: level is set a second time, first in line 2',
    ],
    [
      '[backup]\nvolume-size = 2XB',
      'must be a size such as 600MB or 2GiB, found 2XB',
    ],
    [
      '[backup]\nlock-wait = soon',
      'must be a duration such as 30s or 10m, found soon',
    ],
    ['[backup]\nverify = perhaps', 'must be yes or no, found perhaps'],
    ['[smtp]\nport = 70000', 'from 1 to 65535'],
    ['[smtp]\nto = nobody', 'must be e-mail addresses'],
    [
      '[ping]\nurl = ftp://x',
      'must be an http or https address, found ftp://***',
    ],
    ['[remote]\nurl = s3://x', 'says nothing to this version'],
  ])('%j is refused', (text, message) => {
    expect(errorOf(text).message).toContain(message);
  });

  test.each([
    ['[smtp]\npassword = tulip-7', 'line 2: [smtp] takes no password in clear'],
    ['[smtp]\npassword tulip-7', 'line 2: neither [section] nor key = value'],
    ['[smtp]\npassword: tulip-7', 'line 2: neither [section] nor key = value'],
    [
      '[smtp]\nhost = smtp://backup:tulip-7@mail',
      'host name or an address, found smtp://***',
    ],
    [
      '[smtp]\nhost = backup:tulip-7@mail',
      'host name or an address, found ***',
    ],
    [
      '[ping]\nurl = ping.example.com/tulip-7',
      'an http or https address, found ***',
    ],
  ])(
    'a password in the wrong place is refused and not repeated: %j',
    (text, message) => {
      const error = errorOf(text);
      expect(error.message).toContain(message);
      expect(JSON.stringify([error.message, error.hints])).not.toContain(
        'tulip-7',
      );
    },
  );

  test('a file that is no text, or a directory, is an error that names it', () => {
    writeFileSync(join(dir, 'kms-backup.ini'), Buffer.from([0x5b, 0xff, 0xfe]));
    expect(() => readIniFile(dir)).toThrow(/cannot read .*kms-backup\.ini/);
    rmSync(join(dir, 'kms-backup.ini'));
    mkdirSync(join(dir, 'kms-backup.ini'));
    expect(() => readIniFile(dir)).toThrow(ConfigurationError);
  });
});

describe('a value that is set', () => {
  test.each([
    'NAS\\backup',
    '\\\\nas\\b',
    'a;b',
    'x # y',
    ' spaced ',
    'C:\\a "b" c',
    "it's",
    'a=b',
  ])('%s is read back', (value) => {
    const text = withIniValue(
      '; mine\r\n[hooks]\r\nafter = x\r\n',
      { section: 'hooks', key: 'before' },
      value,
    );
    expect(settings(text).hooks.before).toBe(value);
    expect(text.replace(/^before.*\r\n/m, '')).toBe(
      '; mine\r\n[hooks]\r\nafter = x\r\n',
    );
    expect(withIniValue(text, { section: 'hooks', key: 'before' }, '')).toBe(
      '; mine\r\n[hooks]\r\nafter = x\r\n',
    );
  });

  test('with both kinds of quotes is refused rather than spoiled', () => {
    expect(() =>
      withIniValue('', { section: 'hooks', key: 'before' }, `"a" 'b'`),
    ).toThrow(/both kinds of quotes/);
  });
});

describe('kms-backup.ini.example', () => {
  const example = readFileSync(
    new URL('../../kms-backup.ini.example', import.meta.url),
    'utf8',
  );

  test('changes nothing as it stands', () => {
    expect(JSON.stringify(settings(example))).toBe(
      JSON.stringify(settings('')),
    );
  });

  test('is valid with every example line switched on, and then sets every key there is', () => {
    // A target seals for recipients or with a passphrase.
    const either = example.replace(/^;passphrase-file = .*$/m, '');
    const all = settings(either.replace(/^;(?=[a-z-]+ =|\[)/gm, ''));
    const { targets, ...sections } = all;
    for (const section of [...Object.values(sections), ...targets]) {
      for (const [key, value] of Object.entries(section) as [
        string,
        unknown,
      ][]) {
        if (key === 'passphraseFile') continue;

        expect([key, value]).not.toEqual([key, undefined]);
      }
    }
  });
});

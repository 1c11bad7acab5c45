import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, NotFoundError } from '../../src/errors.js';
import { parseConfigDocument } from '../../src/server/config/document.js';
import {
  decodeConfigText,
  readConfigText,
} from '../../src/server/config/text.js';
import { findInstallation } from '../../src/server/installation.js';
import {
  readSettings,
  type ServerSettings,
  settingsOf,
} from '../../src/server/settings.js';
import {
  makeInstallation,
  temporaryDirectory,
} from '../helpers/configured-server.js';
import {
  DEFAULT_TASKS,
  sampleConfig,
  STORE_BACKUP,
} from '../helpers/mailserver-config.js';

const settings = (text: string): ServerSettings =>
  settingsOf(
    parseConfigDocument(decodeConfigText('mailserver.cfg', Buffer.from(text))),
    '/opt/kms',
  );
const backupWith = (name: string, value: string): string =>
  sampleConfig({
    storeBackup: STORE_BACKUP.map(([key, old]) => [
      key,
      key === name ? value : old,
    ]),
  });
const taskWith = (name: string, value: string): string =>
  sampleConfig({
    tasks: [
      (DEFAULT_TASKS[0] ?? []).map(
        ([key, old]) => [key, key === name ? value : old] as const,
      ),
    ],
  });

describe('the settings', () => {
  it('are read from a realistic file', () => {
    const installation = makeInstallation();
    expect(readSettings(installation)).toMatchObject({
      storeDir: join(installation.dir, 'store'),
      backupDir: join(installation.dir, 'backup'),
      rotationLimit: 7,
      keepsDifferentials: false,
      volumeLimitBytes: 2147483647,
      hostname: 'mail.example.com',
      logsStoreBackup: false,
      include: { mail: true, im: true },
    });
    expect(readSettings(installation).schedule[1]).toEqual({
      type: 'differential',
      day: 1,
      timeSeconds: 3600,
      description: 'Differential & short',
      isEnabled: true,
      guid: '0b0f5e0c-0d5c-4c5e-8b1e-000000000001',
    });
  });

  it('get the documented defaults for whatever the file leaves out', () => {
    const text =
      '<config><table name="Directories"><variable name="StoreDir">store/</variable></table></config>';
    expect(settings(text)).toMatchObject({
      storeDir: '/opt/kms/store',
      backupDir: '/opt/kms/store/backup',
      rotationLimit: 7,
      volumeLimitBytes: 2147483647,
      backupEnabled: true,
      schedule: [],
      logDirectory: '/opt/kms/store/logs',
    });
  });

  it('come from StoreBackup, never from Backup, which is mail archiving', () => {
    const text = sampleConfig().replace(
      '<table name="StoreBackup">',
      '<table name="Backup">\r\n  <variable name="RotationLimit">3</variable>\r\n</table>\r\n\r\n<table name="StoreBackup">',
    );
    expect(settings(text).rotationLimit).toBe(7);
  });

  it('name the logs as the file does', () => {
    const text = sampleConfig({ logDir: '/var/log/kms' }).replace(
      '<variable name="LogName">debug',
      '<variable name="LogName">error',
    );
    const renamed = text.replace(
      'file:///debug.log',
      'file:///errors of today.log',
    );
    expect(settings(renamed)).toMatchObject({
      errorLogPath: '/var/log/kms/errors of today.log',
      debugLogPath: '/var/log/kms/debug.log',
    });
  });

  it.each([
    [
      'RotationLimit',
      'many',
      'RotationLimit is "many", which is no whole number',
    ],
    ['RotationLimit', '0', 'RotationLimit is "0", which is not within 1'],
    ['MaxFileSize', '2XB', 'MaxFileSize is "2XB"'],
    ['MaxFileSize', '9999999999', 'MaxFileSize is "9999999999"'],
    ['Enabled', 'yes', 'Enabled is "yes", which is neither 0 nor 1'],
  ])(
    'are refused with line and value where %s is %s',
    (name, value, message) => {
      const text = backupWith(name, value);
      const line =
        text
          .split('\r\n')
          .findIndex((it) => it.includes(`"${name}">${value}<`)) + 1;
      expect(() => settings(text)).toThrow(ConfigurationError);
      expect(() => settings(text)).toThrow(
        `mailserver.cfg, line ${line}: ${message}`,
      );
    },
  );

  it.each([
    ['Format', '3'],
    ['Date', '8'],
    ['Time', '90000'],
    ['Time', '25:00'],
    ['Enabled', '2'],
  ])('are refused where a task has %s %s', (name, value) => {
    expect(() => settings(taskWith(name, value))).toThrow(
      new RegExp(`line \\d+: ${name} is "${value}"`),
    );
  });

  it('are refused where a variable contradicts itself, and accepted where it merely repeats', () => {
    const twice = (value: string): string =>
      sampleConfig({
        storeBackup: [...STORE_BACKUP, ['RotationLimit', value]],
      });
    expect(() => settings(twice('9'))).toThrow(
      /RotationLimit is "9", which contradicts RotationLimit in line \d+/,
    );
    expect(settings(twice('7')).rotationLimit).toBe(7);
  });
});

describe('a configuration file', () => {
  const broken: [string, string, RegExp][] = [
    ['is empty', '', /line 1: the file is empty/],
    ['holds only blanks', ' \r\n\r\n', /line 1: the file is empty/],
    [
      'is no XML',
      'StoreDir=/store',
      /line 1: root element is missing or invalid$/,
    ],
    [
      'has another root',
      '<settings></settings>',
      /line 1: the root element is <settings>, not <config>/,
    ],
    [
      'is cut off',
      sampleConfig().slice(0, 5000),
      /line 127: unclosed attribute/,
    ],
    [
      'has an unclosed tag',
      sampleConfig().replace('2048</variable>', '2048'),
      /line \d+: missing end tag for element variable/,
    ],
    [
      'has a DOCTYPE',
      `<!DOCTYPE config [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n${sampleConfig()}`,
      /line 1: a document type/,
    ],
    [
      'uses an entity of a DOCTYPE',
      '<!DOCTYPE config [<!ENTITY x "y">]>\n<config>&x;</config>',
      /line 1: a document type/,
    ],
    [
      'has an unknown entity',
      '<config>\n&nope;</config>',
      /line 2: named entity isn't defined$/i,
    ],
    [
      'has two StoreBackup tables',
      sampleConfig().replace(
        '</config>',
        '<table name="StoreBackup">\n</table></config>',
      ),
      /the table StoreBackup is there a second time, first in line \d+/,
    ],
    [
      'is nested beyond reason',
      `<config>${'<a>'.repeat(200_000)}`,
      /nested too deep|missing end tag/,
    ],
  ];
  it.each(broken)('that %s is refused with its line', (_, text, message) => {
    expect(() => settings(text)).toThrow(ConfigurationError);
    expect(() => settings(text)).toThrow(message);
  });

  const relay =
    '<config>\n<table name="Relay">\n<variable name="RelayPassword">D3S:tulip-7</variable>\n</table>\n</config>';
  it.each([
    [
      '</variable>',
      '</varia',
      /line 3: missing end tag for element variable, at variable RelayPassword/,
    ],
    [
      '</variable>',
      '',
      /missing end tag for element variable, at variable RelayPassword/,
    ],
    [
      'tulip-7',
      '&tulip-7;',
      /line 3: named entity isn't defined, at variable RelayPassword/,
    ],
    ['tulip-7', '<tulip-7', /at variable RelayPassword/],
    ['D3S:', '\u0000', /line 3: invalid character, at variable RelayPassword/],
    ['>D3S:', ' tulip-7="D3S:', /line 3: unescaped < is not allowed/],
  ])(
    'that is broken beside a password does not repeat it (%s → %s)',
    (from, to, message) => {
      expect(() => settings(relay.replace(from, to))).toThrow(message);
      expect(() => settings(relay.replace(from, to))).not.toThrow(/tulip/);
    },
  );

  it('that is UTF-16 or a directory is refused, and one that is missing is not found', () => {
    const dir = temporaryDirectory();
    const path = join(dir, 'mailserver.cfg');
    expect(() => readConfigText(path)).toThrow(NotFoundError);
    writeFileSync(path, Buffer.from('\ufeff<config>', 'utf16le'));
    expect(() => readConfigText(path)).toThrow(ConfigurationError);
    expect(() => readConfigText(dir)).toThrow(ConfigurationError);
  });

  it('names the line where the error stands, also behind characters outside the basic plane', () => {
    expect(() =>
      settings(`<config>\n<!-- ${'😀'.repeat(50)} -->\n</confi>`),
    ).toThrow(/line 3: missing end tag/);
  });

  it('that names no store is refused', () => {
    expect(() => settings('<config></config>')).toThrow(
      /line 1: names no mail store: Directories\/StoreDir is missing/,
    );
    expect(() => settings(sampleConfig({ storeDir: '' }))).toThrow(
      /line \d+: names no mail store: StoreDir is ""/,
    );
  });
});

describe('the installation', () => {
  it('is the directory that is given', () => {
    const { dir } = makeInstallation();
    expect(findInstallation({ serverDir: dir })).toMatchObject({
      dir,
      configPath: join(dir, 'mailserver.cfg'),
    });
  });

  it('that is given but holds no mailserver.cfg is not found, although another would be', () => {
    const dir = temporaryDirectory();
    expect(() => findInstallation({ serverDir: dir })).toThrow(
      `no mailserver.cfg in ${dir}`,
    );
    expect(() => findInstallation({ serverDir: join(dir, 'x') })).toThrow(
      NotFoundError,
    );
    mkdirSync(join(dir, 'y'));
  });

  it('that is nowhere is not found, and the places are named', () => {
    expect(() => findInstallation({})).toThrow(`${process.cwd()}, `);
  });
});

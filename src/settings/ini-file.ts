import { join } from 'node:path';
import { parse } from 'ini';
import { ConfigurationError, errnoOf } from '../errors.js';
import { readSettingsFile } from '../platform/settings-file.js';
import { toUnreadableSettings } from '../platform/system-error.js';
import type { IniEntry, IniProblem } from './ini-section.js';
import { type IniSettings, settingsFrom } from './ini-settings.js';

/** The file beside mailserver.cfg that holds what mailserver.cfg has no place for. */
export const INI_NAME = 'kms-backup.ini';

/**
 * The settings of `kms-backup.ini` in the install directory; no section has a value where the file does not exist.
 * Relative paths in it are taken from the install directory.
 * @throws {ConfigurationError} when the file cannot be read, is not UTF-8, or holds a section, key or value that is
 *   not known, each named with its line
 */
export function readIniFile(installDir: string): IniSettings {
  return parseIniText(readIniText(installDir), installDir);
}

/**
 * The settings that the text of a `kms-backup.ini` says; see `readIniFile`.
 * @throws {ConfigurationError} naming every line that is wrong
 */
export function parseIniText(text: string, installDir: string): IniSettings {
  const problems: IniProblem[] = [];
  const settings = settingsFrom(
    entriesOf(text, problems),
    installDir,
    problems,
  );

  if (problems.length > 0) throw problemsError(problems);

  return settings;
}

/** What can be understood of a file that may be broken, for those who tell that it is. */
export interface IniGlimpse {
  readonly text: string;
  readonly settings: IniSettings;
  readonly isSound: boolean;
  /** Of each section that is there whether every line of it is right. */
  readonly sections: ReadonlyMap<string, 'sound' | 'broken'>;
}

export function glimpseIni(text: string, installDir: string): IniGlimpse {
  const problems: IniProblem[] = [];
  const entries = entriesOf(text, problems);
  const settings = settingsFrom(entries, installDir, problems);
  const heads = entries.filter(({ key }) => key === undefined);

  const sectionAt = (line: number): string =>
    heads.findLast(({ lineNumber }) => lineNumber <= line)?.section ?? '';
  const sections = new Map<string, 'sound' | 'broken'>([
    ...heads.map(({ section }) => [section, 'sound'] as const),
    ...problems.map(
      ({ lineNumber }) => [sectionAt(lineNumber), 'broken'] as const,
    ),
  ]);

  return {
    text,
    settings,
    isSound: problems.length === 0,
    sections,
  };
}

/**
 * The file's text, empty where there is no file.
 * @throws {ConfigurationError} when it cannot be read, is too large or not UTF-8
 */
export function readIniText(installDir: string): string {
  const path = join(installDir, INI_NAME);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(
      readSettingsFile(path),
    );
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';

    throw toUnreadableSettings(error, `cannot read ${path}`, [
      'Make it a readable text file in UTF-8, or remove it: every setting in it is optional.',
    ]);
  }
}

/** Every `key = value` line with its section and number. `ini` reads one line at a time: it keeps no line numbers. */
function entriesOf(text: string, problems: IniProblem[]): IniEntry[] {
  const entries: IniEntry[] = [];
  let section = '';

  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const lineNumber = index + 1;
    if (/^\s*([;#]|$)/.test(line)) continue;

    const read: Record<string, unknown> = parse(asIniReadsIt(line));
    const [key, value] = Object.entries(read)[0] ?? [];

    if (isSection(value)) {
      section = sectionName(read);
      entries.push({ section, key: undefined, value: '', lineNumber });
    } else if (key === undefined || !line.includes('=')) {
      // Not what stands there: it may be a password whose = was forgotten.
      problems.push({ lineNumber, text: 'neither [section] nor key = value' });
    } else {
      entries.push({ section, key, value: String(value), lineNumber });
    }
  }

  return entries;
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `ini` reads `[a.b]` as b inside a: the whole name is put together again. */
function sectionName(read: object): string {
  const [name, inner] = Object.entries(read)[0] as [string, object];
  return Object.keys(inner).length === 0
    ? name
    : `${name}.${sectionName(inner)}`;
}

/**
 * The line in `ini`'s spelling, so that a backslash is a backslash (`\\nas\backup`, `C:\Kerio`) and `;` and `#` begin a
 * comment only after a space (`https://mail/#/ping` is whole). `\;` and `\#` stay the signs themselves.
 * A value of several quoted words (`"C:\a b\run.cmd" "x"`) is taken as it stands by `ini`, so it is left alone here.
 */
function asIniReadsIt(line: string): string {
  const equals = line.indexOf('=');
  if (equals === -1) return line;

  const value = line.slice(equals + 1).trim();
  const head = line.slice(0, equals + 1);
  if (/^"[^"]*"$/.test(value)) return head + value.replaceAll('\\', '\\\\');
  if (/^".*"$|^'.*'$/.test(value)) return head + value;

  return (
    head +
    value.replace(/\\(?![;#])/g, '\\\\').replace(/(?<=[^\s\\])[;#]/g, '\\$&')
  );
}

function problemsError(problems: readonly IniProblem[]): ConfigurationError {
  const sorted = problems.toSorted((a, b) => a.lineNumber - b.lineNumber);
  const lines = sorted.map(
    ({ lineNumber, text }) => `line ${String(lineNumber)}: ${text}`,
  );

  const hints = [
    ...new Set(
      sorted.flatMap(({ hint }) => (hint === undefined ? [] : [hint])),
    ),
  ];

  const head =
    lines.length === 1
      ? INI_NAME
      : `${INI_NAME} has ${String(lines.length)} errors`;

  return new ConfigurationError(
    `${head}${lines.length === 1 ? ' ' : ': '}${lines.join('; ')}`,
    {
      hints:
        hints.length > 0
          ? hints
          : ['kms-backup.ini.example shows every section and key.'],
    },
  );
}

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'ini';
import { ConfigurationError, messageOf } from '../errors.js';
import { replaceFile } from '../platform/atomic-file.js';
import { nearestWord } from '../platform/nearest-word.js';
import type { Installation } from './installation.js';

/** What kms-backup.ini may hold: what mailserver.cfg has no place for. Sections with their keys. */
export const INI_KEYS = {
  backup: ['threads', 'level', 'oversize'],
  smtp: ['host', 'port', 'user', 'password-file', 'from', 'tls'],
  hooks: ['before', 'after', 'on-error'],
  metrics: ['textfile'],
  ping: ['url'],
  'network-disk': ['user', 'password-file'],
} as const;

/** Sections whose keys are not ours to check. */
const OPEN_SECTIONS = new Set(['remote']);

/** The file's values by section and key; empty where there is no file. */
export type IniSettings = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Where the file lies: beside mailserver.cfg. */
export function iniPath(installation: Installation): string {
  return join(installation.dir, 'kms-backup.ini');
}

/**
 * Reads kms-backup.ini.
 * @throws {ConfigurationError} naming file and line of an unknown section or key, with the nearest known one
 */
export function readIniFile(installation: Installation): IniSettings {
  const path = iniPath(installation);
  if (!existsSync(path)) return {};
  const text = readText(path);
  checkKeys(path, text);
  const parsed = parse(text) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(parsed).map(([section, keys]) => [
      section,
      Object.fromEntries(Object.entries(keys as Record<string, unknown>).map(([key, value]) => [key, String(value)])),
    ]),
  );
}

/**
 * Sets one key of one section and leaves every other line; an empty value removes the key.
 * @returns whether the file changed
 */
export function writeIniValue(
  installation: Installation,
  place: { readonly section: keyof typeof INI_KEYS; readonly key: string },
  value: string,
): boolean {
  const path = iniPath(installation);
  const before = existsSync(path) ? readText(path) : '';
  const after = withIniValue(before, place, value);
  if (after === before) return false;
  // Only this user may read it: it names who may write to the backup disk.
  replaceFile(path, Buffer.from(after), 0o600);
  return true;
}

/** The text with the key set, in the file's own line ends. Pure. */
export function withIniValue(
  text: string,
  { section, key }: { readonly section: string; readonly key: string },
  value: string,
): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/);
  const start = lines.findIndex((line) => line.trim() === `[${section}]`);
  const next = lines.findIndex((line, index) => index > start && line.trim().startsWith('['));
  const end = next === -1 ? lines.length : next;
  const at = lines.findIndex((line, index) => index > start && index < end && keyOf(line) === key);
  const entry = `${key} = ${/[;#"'=\\]|^\s|\s$/.test(value) ? JSON.stringify(value) : value}`;
  if (start === -1) {
    if (value === '') return text;
    lines.push(...(lines.length > 0 ? [''] : []), `[${section}]`, entry);
  } else if (at !== -1) {
    lines.splice(at, 1, ...(value === '' ? [] : [entry]));
  } else if (value !== '') {
    lines.splice(start + 1, 0, entry);
  } else {
    return text;
  }
  return lines.join(eol) + eol;
}

function keyOf(line: string): string | undefined {
  return /^\s*([^;#=[\s][^=]*?)\s*=/.exec(line)?.[1];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new ConfigurationError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function checkKeys(path: string, text: string): void {
  let section = '';
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const word = raw.trim();
    if (word === '' || /^[;#]/.test(word)) continue;
    const heading = /^\[(.+)\]$/.exec(word)?.[1];
    section = heading ?? section;
    const problem = OPEN_SECTIONS.has(section)
      ? undefined
      : problemWith(section, heading ? undefined : (keyOf(raw) ?? word));
    if (problem) throw unknown({ path, line: index + 1, ...problem });
  }
}

interface UnknownWord {
  readonly what: 'section' | 'key';
  readonly word: string;
  readonly known: readonly string[];
}

function problemWith(section: string, key: string | undefined): UnknownWord | undefined {
  const keys = (INI_KEYS as Readonly<Record<string, readonly string[]>>)[section];
  if (!keys && key === undefined) return { what: 'section', word: section, known: Object.keys(INI_KEYS) };
  if (key === undefined || keys?.includes(key)) return undefined;
  return { what: 'key', word: key, known: keys ?? [] };
}

function unknown(found: UnknownWord & { readonly path: string; readonly line: number }): ConfigurationError {
  const nearest = nearestWord(found.word, found.known);
  return new ConfigurationError(
    `${found.path}, line ${found.line}: unknown ${found.what} ${JSON.stringify(found.word)}`,
    { hints: nearest === undefined ? [] : [`Did you mean ${nearest}?`] },
  );
}

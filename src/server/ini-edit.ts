import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { replaceFile } from '../platform/atomic-file.js';
import { INI_NAME, readIniText } from './ini-file.js';

/** A key of a section. */
export interface IniPlace {
  readonly section: string;
  readonly key: string;
}

/**
 * Sets one key of kms-backup.ini in the install directory and leaves every other line; an empty value removes the key.
 * @returns whether the file changed
 * @throws {UsageError} for a value that the file cannot hold
 */
export function writeIniValue(installDir: string, place: IniPlace, value: string): boolean {
  const before = readIniText(installDir);
  const after = withIniValue(before, place, value);
  if (after === before) return false;
  // Only this user may read it: it names who may write to the backup disk.
  replaceFile(join(installDir, INI_NAME), Buffer.from(after), 0o600);
  return true;
}

/** The text with the key set, in the file's own line ends. Pure. @throws {UsageError} as `writeIniValue` */
export function withIniValue(text: string, { section, key }: IniPlace, value: string): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/);
  const start = lines.findIndex((line) => line.trim() === `[${section}]`);
  const next = lines.findIndex((line, index) => index > start && line.trim().startsWith('['));
  const end = next === -1 ? lines.length : next;
  const at = lines.findIndex((line, index) => index > start && index < end && keyOf(line) === key);
  const entry = `${key} = ${spelled(value)}`;
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

/** The value as `parseIniText` reads it back: as it stands, or in quotes where it holds what a line would end at. */
function spelled(value: string): string {
  if (!/[;#"']|^\s|\s$/.test(value)) return value;
  const quote = value.includes('"') ? "'" : '"';
  if (value.includes(quote) || /[\r\n]/.test(value)) {
    throw new UsageError('kms-backup.ini cannot hold both kinds of quotes, or a line end, in one value');
  }
  return `${quote}${value}${quote}`;
}

function keyOf(line: string): string | undefined {
  return /^\s*([^;#=[\s][^=]*?)\s*=/.exec(line)?.[1];
}

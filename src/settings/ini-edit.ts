import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { replaceOrdinaryFile } from '../platform/atomic-file.js';
import { INI_NAME } from './ini-file.js';

/** A key of a section. */
export interface IniPlace {
  readonly section: string;
  readonly key: string;
}

/** Replaces kms-backup.ini in the install directory. Only this user may read it: it names who may write to the backup disk. */
export function writeIniText(installDir: string, text: string): void {
  replaceOrdinaryFile(join(installDir, INI_NAME), Buffer.from(text), 0o600);
}

/**
 * The text with the key set, in the file's own line ends, every other line as it is; an empty value removes the key. Pure.
 * @throws {UsageError} for a value that the file cannot hold
 */
export function withIniValue(
  text: string,
  { section, key }: IniPlace,
  value: string,
): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/);
  const start = lines.findIndex((line) => line.trim() === `[${section}]`);
  const next = lines.findIndex(
    (line, index) => index > start && line.trim().startsWith('['),
  );
  const end = next === -1 ? lines.length : next;
  const at = lines.findIndex(
    (line, index) => index > start && index < end && keyOf(line) === key,
  );
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
  if (/[\r\n]/.test(value)) {
    throw new UsageError('kms-backup.ini cannot hold a line end in a value');
  }

  if (!/[;#"']|^\s|\s$/.test(value)) return value;

  const quote = value.includes('"') ? "'" : '"';
  if (value.includes(quote)) {
    throw new UsageError(
      'kms-backup.ini cannot hold both kinds of quotes in one value',
    );
  }

  return `${quote}${value}${quote}`;
}

function keyOf(line: string): string | undefined {
  return /^\s*([^;#=[\s][^=]*?)\s*=/.exec(line)?.[1];
}

/** The text without a section, its comments and the empty lines before it. Pure. */
export function withoutIniSection(text: string, section: string): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => line.trim() === `[${section}]`);
  if (start === -1) return text;

  const next = lines.findIndex(
    (line, index) => index > start && line.trim().startsWith('['),
  );
  const before = lines.slice(0, start);
  const after = next === -1 ? [] : lines.slice(next);

  while (before.at(-1)?.trim() === '') before.pop();

  const isBetween = before.length > 0 && after.length > 0;
  const left = [...before, ...(isBetween ? [''] : []), ...after];

  return left.length === 0 || after.length > 0
    ? left.join(eol)
    : left.join(eol) + eol;
}

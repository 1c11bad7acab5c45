import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError, messageOf } from '../errors.js';
import { replaceFile } from '../platform/atomic-file.js';
import { INI_NAME } from './ini-file.js';
import type { Installation } from './installation.js';

/** Where kms-backup.ini lies: beside mailserver.cfg. */
export function iniPath(installation: Installation): string {
  return join(installation.dir, INI_NAME);
}

/**
 * Sets one key of one section and leaves every other line; an empty value removes the key.
 * @returns whether the file changed
 */
export function writeIniValue(
  installation: Installation,
  place: { readonly section: string; readonly key: string },
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

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** A storage is reached by its interface: a path into the backup directory would be a second way to it. */

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));
const PATH_INTO_IT =
  /\b(?:join|resolve)\(\s*(?:[\w.]+\.)?(?:backupDir|localDirectory)\s*,/;
const FORM_OF_A_PATH = /\$\{[^}]*(?:backupDir|localDirectory)\}\//;

const isPathIntoIt = (text: string): boolean =>
  PATH_INTO_IT.test(text) || FORM_OF_A_PATH.test(text);

const sourceFiles = (): string[] =>
  readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'));

it('only archive/ joins the backup directory to a path', () => {
  const offenders = sourceFiles()
    .filter((path) => !path.startsWith('archive/'))
    .filter((path) => isPathIntoIt(readFileSync(join(SOURCES, path), 'utf8')));

  expect(offenders).toEqual([]);
});

it.each([
  'const path = join(request.backupDir, LOCK_FILE);',
  'readFileSync(resolve(backupDir, name));',
  'const path = `${settings.backupDir}/F.zip`;',
])('and such a line is recognised: %s', (line) => {
  expect(isPathIntoIt(line)).toBe(true);
});

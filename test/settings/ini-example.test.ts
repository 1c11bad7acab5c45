import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { parseIniText } from '../../src/settings/ini-file.js';

const example = readFileSync(
  new URL('../../kms-backup.ini.example', import.meta.url),
  'utf8',
);

/** The keys of each section that the example shows, commented out. */
function keysInExample(): Record<string, string[]> {
  const keys: Record<string, string[]> = {};
  let section = '';
  for (const line of example.split('\n')) {
    section = /^;?\[([a-z.-]+)\]$/.exec(line)?.[1] ?? section;
    const key = /^;([a-z-]+) = /.exec(line)?.[1];
    if (key !== undefined) (keys[section] ??= []).push(key);
  }

  return keys;
}

/** The keys of a section that the program knows, as it says when it is given one that it does not. */
function keysInCode(section: string): string[] {
  try {
    parseIniText(`[${section}]\nno-such-key = 1\n`, '/srv');
  } catch (error) {
    const hint =
      error instanceof ConfigurationError ? error.hints.join(' ') : '';
    return (
      /The keys of \[[a-z.-]+\] are ([a-z, -]+)\./
        .exec(hint)?.[1]
        ?.split(', ') ?? []
    );
  }

  return [];
}

function sectionsInCode(): string[] {
  try {
    parseIniText('[no-such-section]\n', '/srv');
  } catch (error) {
    const hint =
      error instanceof ConfigurationError ? error.hints.join(' ') : '';
    return [...hint.matchAll(/\[([a-zA-Z.-]+)\]/g)].map(([, name = '']) =>
      name.replace('NAME', 'offsite'),
    );
  }

  return [];
}

describe('kms-backup.ini.example', () => {
  it('shows every section and every key that the program knows, and no other', () => {
    expect(Object.keys(keysInExample()).sort()).toEqual(
      sectionsInCode().sort(),
    );
    for (const [section, keys] of Object.entries(keysInExample())) {
      expect(keys.sort(), `[${section}]`).toEqual(keysInCode(section).sort());
    }
  });

  it('holds values that the program takes, once they are no comments', () => {
    expect(() =>
      parseIniText(
        example
          // A target seals for recipients or with a passphrase.
          .replace(/^;passphrase-file = .*$/m, '')
          .replaceAll(/^;(?=[a-z-]+ = |\[)/gm, ''),
        '/srv',
      ),
    ).not.toThrow();
  });
});

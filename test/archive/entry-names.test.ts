import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  findNameFault,
  findStepFault,
  LONGEST_PATH_BYTES,
} from '../../src/archive/entry-names.js';

const step = (
  prefix: string,
  name: string,
  isDirectory = false,
): string | undefined =>
  findStepFault(
    { prefix, prefixBytes: Buffer.byteLength(prefix), step: name, isDirectory },
    false,
  );

it('lets in what the reader takes, and nothing else: whole names, directories with their slash', () => {
  const prefix = 'd/'.repeat(LONGEST_PATH_BYTES / 2 - 5);
  const room = LONGEST_PATH_BYTES - prefix.length;
  expect(step(prefix, 'x'.repeat(room))).toBeUndefined();
  expect(step(prefix, 'x'.repeat(room + 1))).toBe(
    'a path that no file system could hold',
  );
  expect(step(prefix, 'x'.repeat(room - 1), true)).toBeUndefined();
  expect(step(prefix, 'x'.repeat(room), true)).toBe(
    'a path that no file system could hold',
  );
  expect(step('mail/', 'ä'.repeat(127))).toBeUndefined();
  expect(step('mail/', 'ä'.repeat(128))).toBe('a name of more than 255 bytes');
  expect(step('mail/', '\ud800.eml')).toBe('a name that is no text');
});

it('judges a name at writing as at reading', () => {
  const names = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 300 })
    .filter((name) => !/^\.{1,2}$|\//.test(name));
  const prefixes = fc.constantFrom(
    '@backup/store/',
    '@backup/store/mail/',
    `@backup/store/${'ab/'.repeat(1150)}`,
  );
  fc.assert(
    fc.property(names, prefixes, fc.boolean(), (name, prefix, isDirectory) => {
      const read = findNameFault(`${prefix}${name}${isDirectory ? '/' : ''}`);
      const refused = read && !read.onlyOnWindows ? read.reason : undefined;
      expect(step(prefix, name, isDirectory)).toBe(refused);
    }),
    { numRuns: 40 },
  );
});

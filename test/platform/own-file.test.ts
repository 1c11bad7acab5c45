import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  isJsonObject,
  ownFileError,
  readOwnJson,
} from '../../src/platform/own-file.js';
import { temporaryDirectory } from '../helpers/store.js';

const parse = (json: unknown): string | undefined =>
  isJsonObject(json) && typeof json['name'] === 'string'
    ? json['name']
    : undefined;

describe('a file that the program keeps for itself', () => {
  it.each([
    ['null', 'says nothing usable'],
    ['{}', 'says nothing usable'],
    ['[]', 'says nothing usable'],
    ['5', 'says nothing usable'],
    ['"name"', 'says nothing usable'],
    ['{"name":5}', 'says nothing usable'],
    ['{"name":', 'is cut off or no JSON'],
    ['\u0000\u0000\u0000', 'is cut off or no JSON'],
    ['', 'is empty'],
    [' \n', 'is empty'],
  ])('is junk when it holds %j', (text, fact) => {
    const path = join(temporaryDirectory(), 'own.json');
    writeFileSync(path, text);
    expect(readOwnJson(path, parse)).toEqual({ state: 'junk', fact });
  });

  it('is sound, absent, or something else in its place', () => {
    const dir = temporaryDirectory();
    const at = (name: string): string => join(dir, name);
    writeFileSync(at('sound'), '{"name":"a"}');
    mkdirSync(at('directory'));
    symlinkSync(at('gone'), at('dangling'));
    symlinkSync(at('loop'), at('loop'));
    expect(readOwnJson(at('sound'), parse)).toEqual({
      state: 'sound',
      value: 'a',
    });
    expect(readOwnJson(at('gone'), parse)).toEqual({ state: 'absent' });
    expect(readOwnJson(at('sound/below'), parse)).toEqual({ state: 'absent' });
    expect(readOwnJson(at('dangling'), parse)).toEqual({ state: 'absent' });
    expect(readOwnJson(at('directory'), parse)).toEqual({
      state: 'junk',
      fact: 'is a directory',
    });
    expect(readOwnJson(at('loop'), parse)).toEqual({
      state: 'junk',
      fact: 'is no plain file',
    });
  });

  it.skipIf(process.platform === 'win32')(
    'is not waited for when it is a pipe',
    () => {
      const path = join(temporaryDirectory(), 'pipe');
      execFileSync('mkfifo', [path]);
      expect(readOwnJson(path, parse)).toEqual({
        state: 'junk',
        fact: 'is no plain file',
      });
    },
  );

  it.skipIf(process.platform === 'win32')(
    'is no junk when the system does not give it out',
    () => {
      const file = readOwnJson(
        join(temporaryDirectory(), 'n'.repeat(300)),
        parse,
      );
      expect(file.state).toBe('unreadable');
      if (file.state === 'unreadable') {
        expect(ownFileError('/srv/own.json', 'the state', file)).toMatchObject({
          exitCode: 1,
        });
        expect(
          ownFileError('/srv/own.json', 'the state', file).message,
        ).toContain('/srv/own.json');
      }
    },
  );
});

import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { expectDone, kms } from '../helpers/tools.js';

/** A small job loads what it needs and starts no thread: its start is most of its time. */

const root = temporaryDirectory('start');
afterAll(() => {
  removeTemporary(root);
});

let coverages = 0;

/** The files of code that each thread of a command loaded. */
function threadsOf(words: readonly string[]): string[][] {
  const directory = join(root, `coverage-${String(coverages++)}`);
  expectDone(kms(words, { env: { NODE_V8_COVERAGE: directory } }));

  return readdirSync(directory).map((name) => {
    const text = readFileSync(join(directory, name), 'utf8');
    const { result } = JSON.parse(text) as { result: { url: string }[] };

    return result.map(({ url }) => url).filter((url) => !/^node:/.test(url));
  });
}

describe('a small job', () => {
  let server: Installation;
  let target: string[];

  beforeAll(async () => {
    server = buildInstallation(join(root, 'server'), {
      store: {
        mail: {
          'example.com': {
            alice: { INBOX: { '#msgs': { '00000001.eml': 'text' } } },
          },
        },
      },
    });
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');

    const directory = join(root, 'target');
    mkdirSync(join(directory, 'store'), { recursive: true });
    target = ['--server-dir', directory, '-s', join(directory, 'store')];
  });

  it.each([
    ['the list of archives', () => ['list-archives', server.backupDir]],
    ['the list of a folder', () => [...folderOf('alice'), '-l']],
    ['a recover of a folder', () => [...folderOf('alice'), '--yes']],
  ])('%s loads no package and starts no thread', (_, words) => {
    const threads = threadsOf(words());
    expect(threads).toHaveLength(1);

    const files = threads.flat();
    expect(files.some((url) => url.includes('/dist/bundle/'))).toBe(true);
    expect(files.filter((url) => url.includes('/node_modules/'))).toEqual([]);
  });

  const folderOf = (user: string): string[] => [
    ...['recover', server.backupDir, ...target, '-u', user, '-f', 'INBOX'],
  ];
});

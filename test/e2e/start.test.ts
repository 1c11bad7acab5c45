import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  kms,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

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

let server: Installation;

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
});

describe('a small job', () => {
  let target: string[];

  beforeAll(() => {
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

describe('the code that V8 compiled', () => {
  const home = join(root, 'program');
  const kept = join(home, '.compiled');
  const bundle = join(home, 'dist/bundle/main.cjs');

  beforeAll(() => {
    const original = dirname(dirname(BINARY));
    for (const name of ['bin', 'dist/bundle', 'package.json']) {
      cpSync(join(original, name), join(home, name), { recursive: true });
    }

    symlinkSync(join(original, 'node_modules'), join(home, 'node_modules'));
  });

  const list = (env = {}, node = process.execPath): string => {
    const words = [join(home, 'bin/run.js'), 'list-archives', root];
    const ended = runTool(node, words, {
      env: { ...QUIET_ENVIRONMENT, ...env },
    });
    expectDone(ended);

    return ended.stdout;
  };

  const keptFile = (): { path: string; inode: number } => {
    const [name, ...others] = readdirSync(kept);
    expect(others).toEqual([]);
    const path = join(kept, name ?? '');

    return { path, inode: statSync(path).ino };
  };

  it('is kept by one run and used by the next', () => {
    expect(list()).toBe(`No archives in ${root}.\n`);
    const { inode } = keptFile();

    // A run that had to compile would have kept it anew.
    expect(list()).toBe(`No archives in ${root}.\n`);
    expect(keptFile().inode).toBe(inode);
  });

  it('imports packages as any other does', () => {
    const words = ['search', server.backupDir, '--text', 'text', '--json'];

    for (const time of ['compiled', 'kept']) {
      const ended = runTool(
        process.execPath,
        [join(home, 'bin/run.js'), ...words],
        { env: QUIET_ENVIRONMENT },
      );
      expect(ended.stderr, time).toBe('');
      expectDone(ended);
    }

    rmSync(kept, { recursive: true });
    list();
  });

  it('is not used where it is damaged', () => {
    const { path, inode } = keptFile();
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);

    expect(list()).toBe(`No archives in ${root}.\n`);
    expect(keptFile().inode).not.toBe(inode);
  });

  it('is not used by another Node, whose code may crash this one', () => {
    const other = join(root, 'node');
    copyFileSync(process.execPath, other);
    const { path } = keptFile();

    expect(list({}, other)).toBe(`No archives in ${root}.\n`);
    const [own] = readdirSync(kept).filter((name) => join(kept, name) !== path);
    rmSync(join(kept, own ?? ''));
  });

  it('is not used for another program of the same length', () => {
    const text = readFileSync(bundle, 'utf8');
    expect(text).toContain('`No archives in ');
    writeFileSync(bundle, text.replace('`No archives in ', '`No archive  in '));

    expect(list()).toBe(`No archive  in ${root}.\n`);
    expect(readdirSync(kept)).toHaveLength(2);
  });

  it('is not kept where Node is told to keep none, and need not be', () => {
    rmSync(kept, { recursive: true });
    list({ NODE_DISABLE_COMPILE_CACHE: '1' });
    expect(readdirSync(home)).not.toContain('.compiled');

    writeFileSync(kept, 'a file');
    list();
    expect(readFileSync(kept, 'utf8')).toBe('a file');
  });
});

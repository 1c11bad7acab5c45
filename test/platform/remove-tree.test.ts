import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { removeTree } from '../../src/platform/remove-tree.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { canInject } from '../helpers/faults.js';
import { canBeNobody, expectDone, runTool } from '../helpers/tools.js';

const COMPILED = fileURLToPath(
  new URL('../../dist/platform/remove-tree.js', import.meta.url),
);
const dir = temporaryDirectory('remove-tree');
const tree = join(dir, 'tree');
const outside = join(dir, 'outside');

beforeEach(() => {
  mkdirSync(join(tree, 'a/b'), { recursive: true });
  mkdirSync(outside, { recursive: true });
  writeFileSync(join(outside, 'kept'), '');
  for (const name of ['one', 'a/two', 'a/b/three']) {
    writeFileSync(join(tree, name), '');
  }
});
afterAll(() => {
  removeTemporary(dir);
});

describe('a tree is removed', () => {
  it('with all that is in it, and what is not there is no error', () => {
    removeTree(tree);
    removeTree(tree);
    removeTree(join(outside, 'kept/below-a-file'));
    expect(readdirSync(dir)).toEqual(['outside']);
  });

  it('never through a link: neither one in it nor one in its place', () => {
    symlinkSync(outside, join(tree, 'a/link'));
    symlinkSync(tree, join(dir, 'link'));
    removeTree(join(dir, 'link'));
    expect(existsSync(join(tree, 'a/b/three'))).toBe(true);
    removeTree(tree);
    expect([readdirSync(dir), readdirSync(outside)]).toEqual([
      ['outside'],
      ['kept'],
    ]);
  });

  it.skipIf(process.platform === 'win32')(
    'deeper than any path can say, with names that are not UTF-8',
    () => {
      const script = `for (let level = 0; level < 60; level++) {
      const name = 'x'.repeat(200);
      for (const own of [name, 'y']) fs.mkdirSync(own);
      process.chdir(name);
    }
    fs.writeFileSync('z', '')`;
      expectDone(
        runTool(process.execPath, ['-e', script], { cwd: join(tree, 'a') }),
      );
      const bytes = Buffer.concat([
        Buffer.from(`${tree}/`),
        Buffer.from([0xff, 0xe4]),
      ]);
      mkdirSync(bytes);
      writeFileSync(
        Buffer.concat([bytes, Buffer.from('/'), Buffer.from([0xfe])]),
        '',
      );
      removeTree(tree);
      expect(readdirSync(dir)).toEqual(['outside']);
    },
  );

  it.skipIf(!canBeNobody)(
    'by its owner, whatever rights its directories have',
    () => {
      chmodSync(dir, 0o777);
      for (const name of ['', 'one', 'a', 'a/two', 'a/b', 'a/b/three']) {
        chownSync(join(tree, name), 65_534, 65_534);
      }

      for (const name of ['a/b', 'a', '']) {
        chmodSync(join(tree, name), name === 'a' ? 0o000 : 0o500);
      }

      const script = `(await import(${JSON.stringify(COMPILED)})).removeTree(${JSON.stringify(tree)})`;
      const args = ['--input-type=module', '-e', script];
      const { stderr } = spawnSync(process.execPath, args, {
        uid: 65_534,
        gid: 65_534,
        encoding: 'utf8',
      });
      expect([stderr, readdirSync(dir)]).toEqual(['', ['outside']]);
    },
  );

  it.skipIf(!canInject)(
    'by calls of its own for each name, the same on every Node (needs strace)',
    () => {
      const script = `(await import(${JSON.stringify(COMPILED)})).removeTree(${JSON.stringify(tree)})`;
      const trace = [
        '-f',
        '-qq',
        '-e',
        'trace=unlink,rmdir,unlinkat,rename',
        '-e',
        'signal=none',
      ];
      const { stderr } = runTool('strace', [
        ...trace,
        process.execPath,
        '--input-type=module',
        '-e',
        script,
      ]);
      const calls = [...stderr.matchAll(/(\w+)\("([^"]+)"\) = 0/g)].map(
        ([, call, path]) => `${call} ${path?.slice(dir.length)}`,
      );
      expect(calls.sort()).toEqual([
        'rmdir /tree',
        'rmdir /tree/a',
        'rmdir /tree/a/b',
        'unlink /tree/a/b/three',
        'unlink /tree/a/two',
        'unlink /tree/one',
      ]);
    },
  );
});

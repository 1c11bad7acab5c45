import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import Recover from '../../src/commands/recover.js';
import { hostileKinds } from '../helpers/hostile-archives.js';
import { runInProcess } from '../helpers/in-process.js';
import {
  listTree,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';

const root = temporaryDirectory('hostile-salvage');
const outside = join(root, 'outside');

afterAll(() => {
  removeTemporary(root);
});

it('a salvage of hostile archives touches nothing outside of its target, and is no defect', async () => {
  mkdirSync(outside);
  writeFileSync(join(outside, 'canary'), 'not to be touched');
  let number = 0;

  for (const { what, bytes } of hostileKinds(outside)) {
    const place = join(root, 'places', String(number++), 'a', 'b', 'c');
    mkdirSync(join(place, 'archives'), { recursive: true });
    mkdirSync(join(place, 'cfg'));
    writeFileSync(join(place, 'archives', 'F20261101T010000Z.zip'), bytes());
    const before = listTree(root);
    const { exitCode, output } = await runInProcess(Recover, [
      ...[join(place, 'archives'), '--salvage', '--yes', '--json'],
      ...['--store', join(place, 'store'), '--cfgdir', join(place, 'cfg')],
      ...['--server-dir', join(place, 'cfg')],
    ]).catch((error: unknown) => ({ exitCode: -1, output: String(error) }));

    const added = listTree(root).filter(
      (path) =>
        !before.includes(path) &&
        !/^places\/\d+\/a\/b\/c\/(store|cfg)/.test(path),
    );

    expect([what, added]).toEqual([what, []]);
    expect([what, output.includes('UNEXPECTED')]).toEqual([what, false]);
    expect([0, 3, 4, 10, -1, 1, 2], what).toContain(exitCode);
    removeTemporary(place);
  }

  expect(readFileSync(join(outside, 'canary'), 'utf8')).toBe(
    'not to be touched',
  );
});

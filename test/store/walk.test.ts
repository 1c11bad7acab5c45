import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { walkTree } from '../../src/store/walk.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

it('a directory that changed just before it was listed is not taken for settled, an older one is', async () => {
  const dir = temporaryDirectory('walk');
  try {
    for (const [name, ageSeconds] of [
      ['old', 60],
      ['young', 1],
    ] as const) {
      mkdirSync(join(dir, name));
      const time = Date.now() / 1000 - ageSeconds;
      utimesSync(join(dir, name), time, time);
    }

    const { directories } = await walkTree(dir, 'mail/', { exclude: [] });
    const settled = directories
      .filter(({ mtimeNs }) => mtimeNs !== undefined)
      .map(({ prefix }) => prefix);
    expect(settled).toEqual(['mail/old/']);
  } finally {
    removeTemporary(dir);
  }
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { brokenLinks } from '../../scripts/bundle/broken-links.mjs';
import { runTool } from '../helpers/tools.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the package that npm makes', () => {
  let paths: readonly string[] = [];
  beforeAll(() => {
    const packed = runTool(
      'npm',
      ['pack', '--dry-run', '--json', '--ignore-scripts'],
      { cwd: ROOT },
    );
    const [{ files }] = JSON.parse(packed.stdout) as [
      { files: { path: string }[] },
    ];
    paths = files.map(({ path }) => path);
  });

  it('holds whatever its documents link to, pictures and folders too', () => {
    expect(paths).toContain('docs/operating.md');
    expect(paths).toContain('docs/pictures/session.svg');
    expect(brokenLinks(paths, read)).toEqual([]);
  });

  it('holds the manual pages that npm installs: it takes them from a list only', () => {
    const { man } = JSON.parse(read('package.json')) as {
      man: readonly string[];
    };
    expect(man).toEqual(
      expect.arrayContaining([expect.stringMatching(/kms-backup\.1$/)]),
    );
    for (const page of man) expect(paths).toContain(page);
  });
});

describe('a link of a document', () => {
  it.each([
    ['[a](docs/a.md)', []],
    ['[a](docs/a.md#part) and [b](docs) and [c](docs/)', []],
    [
      '![p](p.png) <img src="q.png"> [r]: other',
      ['README.md: p.png', 'README.md: q.png'],
    ],
    ['[r]: none.md', ['README.md: none.md']],
    ['[web](https://example.com/x) [here](#here)\n```\n[no](link)\n```', []],
  ])(
    'is broken where the package lacks what it leads to: %s',
    (text, broken) => {
      const read = (path: string): string =>
        path === 'README.md' ? text : '[up](../README.md)';
      expect(brokenLinks(['README.md', 'docs/a.md'], read)).toEqual(broken);
    },
  );
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

function filesBelow(directory: string, ending: RegExp): string[] {
  return readdirSync(join(ROOT, directory), {
    recursive: true,
    encoding: 'utf8',
  })
    .filter((path) => ending.test(path))
    .map((path) => join(directory, path));
}

const SOURCES = filesBelow('src', /\.ts$/);
const DECISIONS = filesBelow('docs/decisions', /\.md$/);
const PAPERS = ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', /\.md$/)];

describe('what the papers say about the repository', () => {
  it('names files that are there', () => {
    // `archive/damage.ts` means src/archive/damage.ts; … and NAME stand for any.
    const named =
      /`(?:node )?((?:src|scripts|test|[a-z]+(?:\/[a-z]+)*)\/[\w./-]+\.(?:ts|mjs))\b/g;
    const missing = PAPERS.flatMap((paper) =>
      [...read(paper).matchAll(named)]
        .map(([, path = '']) => path)
        .filter((path) => !/[A-Z]{3}/.test(path))
        .filter(
          (path) =>
            !existsSync(join(ROOT, path)) &&
            !existsSync(join(ROOT, 'src', path)),
        )
        .map((path) => `${paper}: ${path}`),
    );

    expect(missing).toEqual([]);
  });

  it('has each paragraph of docs/kerio.md that the source cites', () => {
    const kerio = read('docs/kerio.md');
    const missing = SOURCES.flatMap((source) =>
      [...read(source).matchAll(/docs\/kerio\.md (\d+\.\d+)/g)]
        .map(([, paragraph = '']) => paragraph)
        .filter((paragraph) => !kerio.includes(`**${paragraph} `))
        .map((paragraph) => `${source}: ${paragraph}`),
    );

    expect(missing).toEqual([]);
  });

  it('cites no document that is not in the repository', () => {
    const missing = SOURCES.flatMap((source) =>
      [...read(source).matchAll(/[\w./-]+\.md\b/g)]
        .map(([path]) => path)
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${source}: ${path}`),
    );

    expect(missing).toEqual([]);
  });

  it.each(DECISIONS)('%s has a number, a status and a date', (path) => {
    const number = Number(/(\d{4})-/.exec(path)?.[1]);

    expect(read(path)).toMatch(
      new RegExp(
        `^# ${String(number)}\\. .+\\n\\nStatus: (accepted|replaced by \\d+), \\d{4}-\\d\\d-\\d\\d[.;]`,
      ),
    );
  });
});

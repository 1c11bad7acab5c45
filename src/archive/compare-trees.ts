import { Turns } from '../platform/turns.js';
import { isIn } from '../store/entry-place.js';
import {
  type ComparableDirectory,
  type ComparableFiles,
  noFiles,
} from './comparable-files.js';
import { compareFiles, type FilesComparison } from './compare-files.js';

/** Two moments of a mail server's files, compared directory by directory. */

/** The earlier moment: its directories are looked up. */
export interface EarlierTree {
  readonly prefixes: Iterable<string>;
  filesOf(prefix: string): ComparableFiles | undefined;
}

/**
 * Compares the directories of the later moment as they come, then those that only the earlier one has. What the later one
 * has and was not looked at (a directory that cannot be listed, a link in the place of a folder) is not gone.
 */
export async function* compareTrees(
  before: EarlierTree,
  after: AsyncIterable<ComparableDirectory> | Iterable<ComparableDirectory>,
): AsyncGenerator<FilesComparison> {
  const turns = new Turns();
  const seen = new Set<string>();
  const skipped = new Set<string>();

  for await (const directory of after) {
    for (const name of directory.skipped) skipped.add(withoutSlash(name));

    const { files } = directory;
    if (!files) continue;

    seen.add(files.prefix);
    const own = before.filesOf(files.prefix) ?? noFiles(files.prefix);
    yield await compareFiles(own, files, skipped, turns);
  }

  for (const prefix of before.prefixes) {
    if (seen.has(prefix) || isIn(skipped, prefix)) continue;

    const own = before.filesOf(prefix);
    if (own) yield await compareFiles(own, noFiles(prefix), skipped, turns);
  }
}

function withoutSlash(name: string): string {
  return name.replace(/\/$/, '');
}

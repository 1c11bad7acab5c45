import {
  addWithParents,
  clashOf,
  directoriesOf,
  findFile,
  parentsOf,
} from '../archive/check-chain.js';
import type { Volumes } from '../archive/check-structure.js';
import type { HiddenNames } from '../archive/hidden-names.js';
import type { BaseFiles } from './base-files.js';
import type { IndexedFull } from './index-full.js';

/**
 * Checks what `checkChain` does, of a full whose files are read directory by directory: its directories are known, and
 * files are read only of those that the differential says something about.
 * @throws {DamagedArchiveError} naming the entry of which nobody could recover both
 */
export async function checkWithBase(
  base: IndexedFull,
  last: Volumes,
  hidden: HiddenNames,
): Promise<void> {
  const tables = last.volumes.map(({ table }) => table);
  const clash =
    findFile(tables, await directoriesOfBase(base, hidden)) ??
    (await findFileOfBase(base, directoriesOf(tables, undefined), hidden));

  if (clash !== undefined) throw clashOf(base, last, clash);
}

/** The directories of a base that are not hidden, or that something lies in that is not, without their last `/`. */
async function directoriesOfBase(
  { index }: IndexedFull,
  hidden: HiddenNames,
): Promise<ReadonlySet<string>> {
  const directories = new Set<string>();
  const isHidden = findHidden(hidden);

  for (const prefix of index.prefixes) {
    const names = hidden.get(prefix);

    const isThere =
      (index.ownEntry(prefix) && !isHidden(prefix)) ||
      (names
        ? hasVisible(await index.filesIn(prefix), names)
        : index.hasFiles(prefix));

    if (isThere) addWithParents(directories, prefix);
  }

  return directories;
}

/** Says of directories whether their own entries are hidden: many have the same parent. */
function findHidden(hidden: HiddenNames): (directory: string) => boolean {
  const parents = new Map<string, ReadonlySet<string> | undefined>();

  return (directory) => {
    const end = directory.lastIndexOf('/', directory.length - 2) + 1;
    const parent = directory.slice(0, end);
    if (!parents.has(parent)) parents.set(parent, hidden.get(parent));

    return parents.get(parent)?.has(directory) === true;
  };
}

function hasVisible(
  files: BaseFiles,
  hiddenNames: ReadonlySet<string>,
): boolean {
  for (const [name] of files.names()) {
    if (!hiddenNames.has(files.prefix + name)) return true;
  }

  return false;
}

/** The first file of a base that is not hidden and has the name of a directory. */
async function findFileOfBase(
  { index }: IndexedFull,
  directories: ReadonlySet<string>,
  hidden: HiddenNames,
): Promise<string | undefined> {
  for (const prefix of parentsOf(directories)) {
    const hiddenNames = hidden.get(prefix);

    for (const [name] of (await index.filesIn(prefix)).names()) {
      const whole = prefix + name;
      if (directories.has(whole) && hiddenNames?.has(whole) !== true) {
        return whole;
      }
    }
  }

  return undefined;
}

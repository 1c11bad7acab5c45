import { DamagedArchiveError } from '../errors.js';
import { type DirectoryRun, directoryRuns } from './zip/directory-runs.js';
import { fileNameAt } from './entry-kind.js';
import type { EntryTable } from './zip/entry-table.js';
import type { HiddenNames } from './hidden-names.js';
import type { Volumes } from './check-structure.js';

/**
 * Checks that a full and its differential can lie on one disk: each may be sound by itself, and a name still be a file in
 * the one and a directory in the other. What the differential hides of its base is left aside, as a recover does.
 * @throws {DamagedArchiveError} naming the entry of which nobody could recover both
 */
export function checkChain(
  base: Volumes,
  last: Volumes,
  hidden: HiddenNames,
): void {
  const baseTables = base.volumes.map(({ table }) => table);
  const lastTables = last.volumes.map(({ table }) => table);
  const clash =
    findFile(lastTables, directoriesOf(baseTables, hidden)) ??
    findFileOfBase(baseTables, directoriesOf(lastTables, undefined), hidden);

  if (clash !== undefined) throw clashOf(base, last, clash);
}

type Named = Pick<Volumes, 'files'>;

/** The error of a name that is a file in the one archive and a directory in the other. */
export function clashOf(
  base: Named,
  last: Named,
  name: string,
): DamagedArchiveError {
  return new DamagedArchiveError(
    `${last.files.stem} and its full ${base.files.stem} do not fit together: ${JSON.stringify(name)} is a file in the one and a directory in the other`,
    { hints: ['Recover the full alone, or another archive.'] },
  );
}

/** The directories that entries lie in or are, without their last `/`; of a base only what is not hidden. */
export function directoriesOf(
  tables: readonly EntryTable[],
  hidden: HiddenNames | undefined,
): ReadonlySet<string> {
  const directories = new Set<string>();
  for (const table of tables) {
    for (const run of directoryRuns(table)) {
      const hiddenNames = hidden?.get(run.prefix);
      if (!hiddenNames || hasVisible(table, run, hiddenNames)) {
        addWithParents(directories, run.prefix);
      }

      for (let index = run.start; index < run.end; index++) {
        if (!table.isDirectory(index)) continue;

        const name = table.name(index);
        if (hiddenNames?.has(name) !== true) addWithParents(directories, name);
      }
    }
  }

  return directories;
}

function hasVisible(
  table: EntryTable,
  { start, end }: DirectoryRun,
  hiddenNames: ReadonlySet<string>,
): boolean {
  for (let index = start; index < end; index++) {
    if (!hiddenNames.has(fileNameAt(table, index))) return true;
  }

  return false;
}

/** @param directory with its `/` */
export function addWithParents(
  directories: Set<string>,
  directory: string,
): void {
  for (
    let end = directory.length - 1;
    end > 0;
    end = directory.lastIndexOf('/', end - 1)
  ) {
    const name = directory.slice(0, end);
    if (directories.has(name)) return;

    directories.add(name);
  }
}

/** The first file whose name is among the directories. */
export function findFile(
  tables: readonly EntryTable[],
  directories: ReadonlySet<string>,
): string | undefined {
  for (const table of tables) {
    for (let index = 0; index < table.count; index++) {
      if (table.isDirectory(index)) continue;

      const name = fileNameAt(table, index);
      if (directories.has(name)) return name;
    }
  }

  return undefined;
}

/** The same in a base: of its many entries only those are looked at that lie beside such a directory. */
function findFileOfBase(
  tables: readonly EntryTable[],
  directories: ReadonlySet<string>,
  hidden: HiddenNames,
): string | undefined {
  const parents = parentsOf(directories);

  for (const table of tables) {
    for (const { prefix, start, end } of directoryRuns(table)) {
      if (!parents.has(prefix)) continue;

      const hiddenNames = hidden.get(prefix);
      for (let index = start; index < end; index++) {
        if (table.isDirectory(index)) continue;

        const name = fileNameAt(table, index);
        if (directories.has(name) && hiddenNames?.has(name) !== true) {
          return name;
        }
      }
    }
  }

  return undefined;
}

/** The directories that names lie in, with their last `/`. */
export function parentsOf(names: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(
    [...names].map((name) => name.slice(0, name.lastIndexOf('/') + 1)),
  );
}

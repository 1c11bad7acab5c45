import { lstatSync } from 'node:fs';
import type { FilesTask } from '../archive/pack-tasks.js';
import { type BackupContent, toTasks } from './content.js';
import { type DirectoryIdentity, walkTree, type WalkedDirectory } from './walk.js';

/** Mail that keeps arriving must not keep a backup from ending. */
const ROUNDS = 3;

/**
 * The store is live: a message that is moved into a directory after that one was read would be in neither place. So every
 * directory whose time moved since it was listed is listed again, and what is new there is packed too. A message may then
 * be in the archive twice; missing is only one that moved on in every round, and it counts as vanished. What was gone for a
 * moment, because the server replaced it, is tried again.
 * @param vanished entry names that were gone when their turn came; those that are packed now are taken out
 * @returns the directories that were found, to get their entries
 */
export async function secondLook(
  content: BackupContent,
  pack: (tasks: readonly FilesTask[]) => Promise<void>,
  vanished: Set<string>,
): Promise<WalkedDirectory[]> {
  const known = new Map(content.directories.map((directory) => [directory.prefix, directory]));
  const seen = new Map([...known].map(([prefix, { files }]) => [prefix, files]));
  const found: WalkedDirectory[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const tasks: FilesTask[] = [];
    for (const directory of [...known.values()]) {
      if (!hasMoved(directory)) continue;
      for (const now of listAgain(directory, known, content.exclude)) {
        const before = new Set(seen.get(now.prefix) ?? []);
        if (!known.has(now.prefix)) found.push(now);
        tasks.push(
          ...toTasks(
            now,
            now.files.filter((name) => vanished.delete(now.prefix + name) || !before.has(name)),
          ),
        );
        known.set(now.prefix, now);
        seen.set(now.prefix, [...before, ...now.files]);
      }
    }
    if (tasks.length === 0) break;
    await pack(tasks);
  }
  return found;
}

function hasMoved({ path, mtimeNs }: WalkedDirectory): boolean {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.mtimeNs !== mtimeNs;
}

/** The directory itself as it is now, and the trees below it that nobody has listed yet. */
function listAgain(
  directory: WalkedDirectory,
  known: ReadonlyMap<string, WalkedDirectory>,
  exclude: readonly DirectoryIdentity[],
): WalkedDirectory[] {
  const { directories } = walkTree(directory.path, directory.prefix, exclude);
  return directories.filter(({ prefix }) => prefix === directory.prefix || !known.has(prefix));
}

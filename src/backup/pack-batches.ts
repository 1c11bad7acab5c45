import type { FilesTask } from '../archive/write/pack-tasks.js';
import { listedAs, type WalkedDirectory } from '../store/list-directory.js';

/** Cutting the files of a directory into tasks for the packing threads. Pure. */

/** Enough to be worth a message, little enough that all threads end together. */
const BATCH_FILES = 128;

/** Tasks that pack these files of a directory. */
export function toTasks(
  directory: WalkedDirectory,
  names: readonly string[],
): FilesTask[] {
  const tasks: FilesTask[] = [];
  for (let from = 0; from < names.length; from += BATCH_FILES) {
    tasks.push({
      kind: 'files',
      ...listedAs(directory),
      prefix: directory.prefix,
      names: names.slice(from, from + BATCH_FILES),
    });
  }

  return tasks;
}

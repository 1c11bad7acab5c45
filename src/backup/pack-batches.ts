import type { FilesTask } from '../archive/write/pack-tasks.js';
import { type DirectoryPlace, listedAs } from '../store/list-directory.js';
import { unpackNames } from '../store/name-list.js';
import type { PlannedFiles } from './comparison.js';

/** Cutting the files of a directory into tasks for the packing threads. Pure. */

/** Enough to be worth a message, little enough that all threads end together. */
const BATCH_FILES = 256;

/** Tasks that pack these files of a directory. */
export function toTasks(
  directory: DirectoryPlace,
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

/** Tasks for all that is planned, made when their turn comes. */
export function* tasksOf(
  planned: readonly PlannedFiles[],
): Generator<FilesTask> {
  for (const { directory, names } of planned) {
    yield* toTasks(directory, unpackNames(names));
  }
}

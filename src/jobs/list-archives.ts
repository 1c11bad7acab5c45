/** The archives of a backup directory, each with what can be said of it without reading its data. */
import type { ArchiveState } from '../archive/archive-state.js';
import { countMessages, inspectStorage } from '../archive/inspect.js';
import type { Storage } from '../archive/storage.js';

export interface ListedArchive {
  readonly state: ArchiveState;
  /** Undefined where a damaged archive cannot be counted. */
  readonly messages: number | undefined;
}

/** Oldest first. @throws {NotFoundError} when there is no such storage */
export async function listArchives(storage: Storage): Promise<ListedArchive[]> {
  const archives: ListedArchive[] = [];

  for (const state of await inspectStorage(storage)) {
    archives.push({ state, messages: await countMessages(state.facts) });
  }

  return archives;
}

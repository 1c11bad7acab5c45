/** The archives of a backup directory, each with what can be said of it without reading its data. */
import type { ArchiveState } from '../archive/archive-state.js';
import { countMessages, inspectStorage } from '../archive/inspect.js';
import type { Storage } from '../archive/storage.js';
import { withUnfinished } from '../archive/unfinished.js';
import type { Clock } from '../platform/clock.js';
import { isServerAtWork } from './server-at-work.js';
import type { ServerFlags } from './server.js';

export interface ListedArchive {
  readonly state: ArchiveState;
  /** Undefined where a damaged archive cannot be counted. */
  readonly messages: number | undefined;
}

/** Oldest first. @throws {NotFoundError} when there is no such storage */
export async function listArchives(
  storage: Storage,
  flags: ServerFlags,
  clock: Clock,
): Promise<ListedArchive[]> {
  const archives: ListedArchive[] = [];
  const writing = {
    startedAt: clock(),
    isServerAtWork: () => isServerAtWork(flags),
  };
  const seen = await inspectStorage(storage);

  for (const state of await withUnfinished(seen, storage, writing)) {
    archives.push({ state, messages: await countMessages(state.facts) });
  }

  return archives;
}

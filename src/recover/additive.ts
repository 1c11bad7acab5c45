import { join } from 'node:path';
import { INDEX_FILE } from '../store/store-path.js';
import { Turns } from '../platform/turns.js';
import {
  type AdditivePlan,
  contentKey,
  countAdditive,
  type KnownMessage,
  planAdditive,
} from './plan-additive.js';
import {
  type ArchivedFolder,
  type ArchivedMessage,
  collectFolders,
  type FolderEntries,
} from './archived-folders.js';
import { EMPTY_DIRECTORY, listNames, surveyDirectory } from './live-folder.js';
import { type Cost, NO_COST } from './cost.js';
import type { ChainEntries } from './select-entries.js';

/** The plan of an additive recover, folder by folder: of each the figures stay, and the plan is made again when it is done. */

/** The folders of an additive recover, and what it would do in them. */
export interface PlannedFolders {
  readonly folders: readonly FolderEntries[];
  readonly counts: AdditiveCounts;
  /** Files beside messages that folders without them get. */
  readonly files: number;
}

export interface AdditiveCounts {
  readonly add: number;
  /** Of those added, how many got another name. */
  readonly renamed: number;
  readonly skip: number;
  readonly folders: number;
  /** Folders whose live index is set aside: the server makes it anew, and their messages are unread. */
  readonly reindexed: number;
}

/** Plans every folder of a selection against the live store; reads live messages that could be the same. */
export async function planFolders(
  {
    storeDir,
    reindexes,
  }: { readonly storeDir: string; readonly reindexes: boolean },
  entries: ChainEntries,
): Promise<PlannedFolders> {
  const turns = new Turns();
  const folders = collectFolders(entries);
  const counts = {
    add: 0,
    renamed: 0,
    skip: 0,
    folders: folders.length,
    reindexed: 0,
  };
  let files = 0;

  for (const folder of folders) {
    const target = { directory: join(storeDir, folder.path), reindexes };
    const plan = await planFolder(target, folder, turns);
    const { add, rename, skip } = countAdditive(plan);

    counts.add += add + rename;
    counts.renamed += rename;
    counts.skip += skip;
    if (plan.setAside.includes(INDEX_FILE)) counts.reindexed++;
    files += plan.addFiles.length;
  }

  return { folders, counts, files };
}

async function planFolder(
  target: { readonly directory: string; readonly reindexes: boolean },
  entries: FolderEntries,
  turns: Turns,
): Promise<AdditivePlan> {
  const { directory, reindexes } = target;
  const { holder } = entries;
  const folder = entries.read();
  const live = await surveyDirectory(
    join(directory, holder),
    sizesOf(folder),
    EMPTY_DIRECTORY,
    turns,
  );

  return planAdditive(
    {
      messages: [...live.messages.values()].map(toKnown),
      names: live.names,
      files: holder === '' ? [] : listNames(directory),
    },
    {
      messages: folder.messages.map(toKnown),
      files: folder.files,
      reindexes,
    },
  );
}

/** The sizes of a folder's archived messages: a live one of another size cannot be the same. */
export function sizesOf({ messages }: ArchivedFolder): ReadonlySet<number> {
  return new Set(messages.map(({ sizeBytes }) => sizeBytes));
}

/** A checksum says "perhaps the same"; the bytes are compared before a message is left out for it. */
function toKnown({ name, crc, sizeBytes }: ArchivedMessage): KnownMessage {
  const content = crc === undefined ? name : contentKey(crc, sizeBytes);

  return { name, content };
}

/** The cost of an additive recover: it adds messages, and the files of folders that have none. */
export function additiveCost({ counts, files }: PlannedFolders): Cost {
  const { add } = counts;

  return { ...NO_COST, adds: { files: add + files, messages: add } };
}

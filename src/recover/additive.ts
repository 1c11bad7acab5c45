import { join } from 'node:path';
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
} from './archived-folders.js';
import {
  EMPTY_DIRECTORY,
  type LiveDirectory,
  listNames,
  surveyDirectory,
} from './live-folder.js';
import { type Cost, NO_COST } from './cost.js';
import type { ChainEntries } from './select-entries.js';

/** The plan of an additive recover, folder by folder. */

/** The plan for one folder, and what it rests on. */
export interface FolderPlan {
  readonly folder: ArchivedFolder;
  /** The directory of the live store in which the folder's messages lie. */
  readonly live: LiveDirectory;
  readonly plan: AdditivePlan;
}

export interface AdditiveCounts {
  readonly add: number;
  /** Of those added, how many got another name. */
  readonly renamed: number;
  readonly skip: number;
  readonly folders: number;
}

/** Plans every folder of a selection against the live store; reads live messages that could be the same. */
export async function planFolders(
  storeDir: string,
  entries: ChainEntries,
): Promise<FolderPlan[]> {
  const turns = new Turns();
  const plans: FolderPlan[] = [];

  for (const folder of collectFolders(entries)) {
    const { path, holder, messages, files } = folder;
    const directory = join(storeDir, path);
    const live = await surveyDirectory(
      join(directory, holder),
      sizesOf(folder),
      EMPTY_DIRECTORY,
      turns,
    );

    const plan = planAdditive(
      {
        messages: [...live.messages.values()].map(toKnown),
        names: live.names,
        files: holder === '' ? [] : listNames(directory),
      },
      messages.map(toKnown),
      files,
    );

    plans.push({ folder, live, plan });
  }

  return plans;
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
export function additiveCost(plans: readonly FolderPlan[]): Cost {
  const { add } = countFolders(plans);
  const files = plans.reduce((sum, { plan }) => sum + plan.addFiles.length, 0);

  return { ...NO_COST, adds: { files: add + files, messages: add } };
}

/** The plans of all folders in figures. */
export function countFolders(plans: readonly FolderPlan[]): AdditiveCounts {
  const counts = { add: 0, renamed: 0, skip: 0, folders: plans.length };

  for (const { plan } of plans) {
    const { add, rename, skip } = countAdditive(plan);
    counts.add += add + rename;
    counts.renamed += rename;
    counts.skip += skip;
  }

  return counts;
}

import type { WalkedDirectory } from '../store/list-directory.js';
import { countMessages } from '../store/message-file.js';
import { type NameList, unpackNames } from '../store/name-list.js';

/** What came of measuring a store against a full. Data alone. */

/**
 * A listed file, measured against the base. One that vanished after it was listed is neither: the packer looks for it
 * again, and what the base has of it is deleted.
 */
export type Change = (typeof CHANGES)[number];

export const CHANGES = ['new', 'changed', 'unchanged', 'vanished'] as const;
/** The record of a file that the base does not have. */
export const NO_RECORD = -1;

/** Messages by what became of them. */
export type ChangeCounts = Record<Change, number>;

/** Files of one directory that are to be packed. */
export interface PlannedFiles {
  readonly directory: WalkedDirectory;
  readonly names: NameList;
}

export interface Comparison {
  /** What is new or changed: one list a component, in the archive's order. */
  readonly groups: readonly (readonly PlannedFiles[])[];
  /** All messages of the listing. */
  readonly messages: ChangeCounts;
  /** The entry names that the base has and the store no longer has; directories end in `/`. */
  readonly deleted: readonly string[];
}

/** Without a base every file is new. */
export function compareWithNothing(
  groups: readonly (readonly WalkedDirectory[])[],
): Comparison {
  const messages = countNothing();

  for (const { prefix, files } of groups.flat()) {
    messages.new += countMessages(prefix, unpackNames(files));
  }

  const planned = groups.map((directories) =>
    directories.map((directory) => ({
      directory,
      names: directory.files,
    })),
  );

  return {
    groups: planned,
    messages,
    deleted: [],
  };
}

export function countNothing(): ChangeCounts {
  return {
    new: 0,
    changed: 0,
    unchanged: 0,
    vanished: 0,
  };
}

/** The change of the file at a place in a column. */
export function changeAt(changes: Uint8Array, place: number): Change {
  return CHANGES[changes[place] ?? 0] ?? 'new';
}

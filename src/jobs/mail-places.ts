/** Entries of an archive by their places in the mail store. */
import { wholeName } from '../archive/entry-names.js';
import type { Selection } from '../archive/read/read-archive.js';
import { folderNameOf, mailboxNameOf } from '../store/mail-names.js';
import {
  fileIn,
  parseEntryDirectory,
  type StoreDirectory,
  type StorePath,
} from '../store/store-path.js';

/** The amount of mail in a selection. */
export interface MailCounts {
  readonly mailboxes: number;
  readonly folders: number;
  readonly messages: number;
}

/** The place of each directory of entries: a few hundred for hundreds of thousands of messages. */
const placesOfDirectories = new Map<string, StoreDirectory | undefined>();

/** The place in the mail store of a file, by the name of its entry; undefined where it is no mail. */
function storePathOf(name: string): StorePath | undefined {
  const slash = name.lastIndexOf('/') + 1;
  const directory = name.slice(0, slash);

  if (!placesOfDirectories.has(directory)) {
    placesOfDirectories.set(directory, parseEntryDirectory(directory));
  }

  const place = placesOfDirectories.get(directory);

  return place && fileIn(place, name.slice(slash));
}

/** Shows each entry that lies in the mail store, with its place. */
export function forEachPlace(
  selections: readonly Selection[],
  visit: (place: StorePath, table: Selection['table'], index: number) => void,
): void {
  for (const { table, indices } of selections) {
    for (const index of indices) {
      const place = storePathOf(wholeName(table.name(index)));
      if (place) visit(place, table, index);
    }
  }
}

/** Says of an entry, by its place and the name of its file's entry, whether it is wanted. */
export type IsWanted = (place: StorePath, fileName: string) => boolean;

/** The entries whose places are wanted. */
export function filterPlaces(
  selections: readonly Selection[],
  isWanted: IsWanted,
): Selection[] {
  return filterEntries(selections, (table, index) => {
    const name = wholeName(table.name(index));
    const place = storePathOf(name);

    return place !== undefined && isWanted(place, name);
  });
}

/** Without the later pieces of split messages: a search looks at the first. */
export function firstPieces(selections: readonly Selection[]): Selection[] {
  return filterEntries(selections, (table, index) => !isLater(table, index));
}

/** Counts messages, each split one once, with the mailboxes and folders that hold them. */
export function countPlaces(
  selections: readonly Selection[],
  isWanted: IsWanted,
): MailCounts {
  const mailboxes = new Set<string>();
  const folders = new Set<string>();
  let messages = 0;

  forEachPlace(selections, (place, table, index) => {
    const isCounted =
      !isLater(table, index) && isWanted(place, wholeName(table.name(index)));
    if (!isCounted) return;

    messages++;
    mailboxes.add(mailboxNameOf(place));
    folders.add(folderNameOf(place));
  });

  return { mailboxes: mailboxes.size, folders: folders.size, messages };
}

/** Says whether an entry is a piece of a split message, but not the first. */
export function isLater(table: Selection['table'], index: number): boolean {
  return (table.piece(index)?.index ?? 0) > 0;
}

/** The entries of two selections of the same volumes, each volume once. */
export function joinSelections(
  first: readonly Selection[],
  second: readonly Selection[],
): Selection[] {
  return first.map((selection, at) => ({
    ...selection,
    indices: [...selection.indices, ...(second[at]?.indices ?? [])].sort(
      (a, b) => a - b,
    ),
  }));
}

function filterEntries(
  selections: readonly Selection[],
  isWanted: (table: Selection['table'], index: number) => boolean,
): Selection[] {
  return selections.map(({ volume, table, indices }) => ({
    volume,
    table,
    indices: indices.filter((index) => isWanted(table, index)),
  }));
}

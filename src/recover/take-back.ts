import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../platform/atomic-file.js';
import { renamePatiently } from '../platform/patience.js';
import { removeIfEmpty, removeTree } from '../platform/remove-tree.js';
import {
  type AddedFile,
  type AddedLine,
  type DirectoryBefore,
  type FileAside,
  readAdded,
} from './added-list.js';
import { identityOf, lookAtDirectory } from './added-places.js';
import { findIndexed, type IndexedMessages } from './indexed-messages.js';
import { restoreTime } from './swap.js';

/** Taking back what an additive recover added. */

/** What would be taken back now. */
export interface TakenBack {
  readonly messages: number;
  readonly files: number;
  /** Added files that are not as they were added: changed, moved or removed since. They are left as they are. */
  readonly others: number;
  /** The live indexes that name messages which go. */
  readonly indexed: readonly IndexedMessages[];
}

/** Counts what a rollback would take back; changes nothing. @param list that of the journal */
export function countAdded(list: string): TakenBack {
  const added = filesOf(readAdded(list));
  const present = added.filter(isAsAdded);
  const messages = present.filter(({ kind }) => kind === 'message');

  return {
    messages: messages.length,
    files: present.length - messages.length,
    others: added.length - present.length,
    indexed: findIndexed(messages.map(({ path }) => path)),
  };
}

/**
 * Removes what was added, as far as it is still as it was added, and puts back what was set aside for it. Mail that came in
 * since stays. An abort leaves the list, and the next call goes on.
 * @returns warnings
 * @throws {Error} the operating system's
 */
export function takeBack(list: string): string[] {
  const lines = readAdded(list);
  const directories = lines.filter(isDirectory);

  for (const file of filesOf(lines)) {
    if (isAsAdded(file)) removeTree(file.path);
  }

  const warnings = lines
    .filter(isAside)
    .flatMap((aside) => putBack(aside, directories));

  // What holds something else by now stays.
  for (const path of lines.flatMap(madePath).reverse()) removeIfEmpty(path);

  return [...warnings, ...directories.flatMap(restoreTimeOf)];
}

/** A list of two calls that were one recover may name a file twice. */
function filesOf(lines: readonly AddedLine[]): AddedFile[] {
  const files = lines.filter(isFile);

  return [...new Map(files.map((file) => [file.path, file])).values()];
}

function isAsAdded({ path, identity }: AddedFile): boolean {
  return identityOf(path) === identity;
}

function isFile(line: AddedLine): line is AddedFile {
  return line.kind === 'message' || line.kind === 'file';
}

function isDirectory(line: AddedLine): line is DirectoryBefore {
  return line.kind === 'directory';
}

function isAside(line: AddedLine): line is FileAside {
  return line.kind === 'aside';
}

function madePath(line: AddedLine): string[] {
  return line.kind === 'made' ? [line.path] : [];
}

/** The file that was set aside gets its name back where it still names every message. */
function putBack(
  { path, aside, holder }: FileAside,
  directories: readonly DirectoryBefore[],
): string[] {
  if (!existsSync(aside)) return [];

  const before = directories.find((directory) => directory.path === holder);

  if (lookAtDirectory(holder)?.messages !== before?.messages) {
    return [
      `${aside} was not put back: other mail came to this folder since, or left it`,
    ];
  }

  removeTree(path);
  renamePatiently(aside, path);
  syncDirectory(dirname(path));

  return [];
}

/** A directory gets its time back where the same names are in it as before. */
function restoreTimeOf(directory: DirectoryBefore): string[] {
  const now = lookAtDirectory(directory.path);

  return now?.names === directory.names ? restoreTime(directory) : [];
}

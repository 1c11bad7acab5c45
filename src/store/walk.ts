import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { DirectoryIdentity } from '../platform/look-again.js';
import {
  type JustListed,
  listDirectory,
  type ListOptions,
  type SkippedPath,
  type WalkedDirectory,
} from './list-directory.js';
import { packNames } from './name-list.js';

/** Listing a tree of the live store. */

export interface Walk {
  readonly directories: readonly WalkedDirectory[];
  readonly skipped: readonly SkippedPath[];
}

/** The directory that is never entered, by device and inode: whatever path or bind mount leads to it. */
export function identify(path: string): DirectoryIdentity | undefined {
  const stats = statSync(path, {
    bigint: true,
    throwIfNoEntry: false,
  });
  return stats && { dev: stats.dev, ino: stats.ino };
}

export type OnDirectory = (
  directory: WalkedDirectory,
  names: readonly string[],
) => Promise<void> | undefined;

export interface WalkOptions extends ListOptions {
  /** Says whether a directory below is left to another look. */
  readonly isKnown?: ((prefix: string) => boolean) | undefined;
  /** Told of every directory, with its names at hand; the walk waits for what it returns. */
  readonly onDirectory?: OnDirectory | undefined;
}

/** Lists a tree with its directories before what lies in them. Links, pipes, sockets and devices are skipped by name. */
export async function walkTree(
  path: string,
  prefix: string,
  options: WalkOptions,
): Promise<Walk> {
  const directories: WalkedDirectory[] = [];
  const skipped: SkippedPath[] = [];
  const open = [{ path, prefix }];

  for (let next = open.pop(); next; next = open.pop()) {
    const listing = listDirectory(next.path, next.prefix, options);
    for (const one of listing.skipped) skipped.push(one);

    if (listing.directory) {
      const { files: names } = listing.directory;
      const directory = toWalked(listing.directory);

      directories.push(directory);
      const waiting = options.onDirectory?.(directory, names);
      if (waiting) await waiting;
    }

    // The first is entered first: it is taken from the end.
    for (const child of listing.children.toReversed()) {
      const below = `${next.prefix}${child}/`;
      if (!options.isKnown?.(below)) {
        open.push({
          path: join(next.path, child),
          prefix: below,
        });
      }
    }
  }

  return {
    directories,
    skipped,
  };
}

function toWalked(directory: JustListed): WalkedDirectory {
  return {
    ...directory,
    files: packNames(directory.files),
  };
}

import { lstatSync, readdirSync, statSync } from 'node:fs';
import { errnoOf } from '../errors.js';
import { isOnePlace, liesWithin } from '../platform/one-place.js';
import type { Component } from '../store/components.js';

/** The mail archive as a part of a backup: a directory of its own, wherever mailserver.cfg says that it lies. */

/** What must not lie in the mail archive, for it to be a part of its own, or must not hold it. */
export interface Neighbours {
  /** The other parts of the backup. */
  readonly sources: readonly {
    readonly component: Component;
    readonly path: string;
    /** Ends in `/` where it is a tree. */
    readonly entryName: string;
  }[];
  /** The store and the install directory. */
  readonly holders: readonly string[];
  readonly places: {
    /** Where this run's archive goes, where that is a directory. */
    readonly own?: string | undefined;
    /** Where any archives lie. */
    readonly all: readonly string[];
  };
}

/** Why a directory cannot be taken as the mail archive, in words that follow its name; undefined where it can. */
export function faultOfMailArchive(
  archiveDir: string,
  neighbours: Neighbours,
): { readonly reason: string; readonly errno?: string } | undefined {
  try {
    const reason =
      faultOfDirectory(archiveDir) ?? faultOfPlace(archiveDir, neighbours);

    return reason === undefined ? undefined : { reason };
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;

    const reason = `${archiveDir} cannot be looked at: ${code}`;

    return { reason, errno: code };
  }
}

/** An empty directory is what a disk leaves behind that is not mounted: nothing of the archive must count as deleted then. */
function faultOfDirectory(archiveDir: string): string | undefined {
  const isLink = lstatSync(archiveDir, {
    throwIfNoEntry: false,
  })?.isSymbolicLink();
  const stats = statSync(archiveDir, { throwIfNoEntry: false });

  if (!stats) {
    return isLink === true
      ? `the mail archive ${archiveDir} is a link that leads nowhere`
      : `the mail archive ${archiveDir} is not there`;
  }

  if (!stats.isDirectory()) return `${archiveDir} is no directory`;

  return readdirSync(archiveDir).length === 0
    ? `the mail archive ${archiveDir} is empty: its disk may not be mounted`
    : undefined;
}

/** A file is packed once: what lies in another part comes with that. */
function faultOfPlace(
  archiveDir: string,
  { sources, holders, places }: Neighbours,
): string | undefined {
  const trees = sources.filter(({ entryName }) => entryName.endsWith('/'));
  const above = trees.find(({ path }) => liesWithin(archiveDir, path));
  if (above) {
    return `the mail archive ${archiveDir} lies in ${above.path}, and is backed up with ${above.component}`;
  }

  if (places.own !== undefined && liesWithin(archiveDir, places.own)) {
    return `the mail archive ${archiveDir} lies in the backup directory`;
  }

  if (places.all.some((place) => isOnePlace(place, archiveDir))) {
    return `archives go to the mail archive ${archiveDir} too: give them a directory of their own`;
  }

  const held = [...holders, ...trees.map(({ path }) => path)].find((path) =>
    liesWithin(path, archiveDir),
  );

  return held === undefined
    ? undefined
    : `the mail archive ${archiveDir} holds ${held}, which is no part of it`;
}

import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import {
  type DirectoryIdentity,
  goneError,
  isGone,
  isSame,
  isStillAt,
  lstatOrGone,
  statDirectory,
} from '../platform/look-again.js';
import { isExcludedDirectory, isExcludedFile } from './components.js';
import type { NameList } from './name-list.js';

/** Listing one directory of the live store. */

/** One directory of the store. */
export interface DirectoryPlace {
  /** Absolute. */
  readonly path: string;
  /** Its device and inode; undefined for single files, listed as if they were all of their directory. */
  readonly identity?: DirectoryIdentity | undefined;
  /** Its files may be links, which are followed. */
  readonly followsLinks?: boolean | undefined;
  /** The prefix of its files' names in an archive: `@backup/store/mail/example.com/`. */
  readonly prefix: string;
  /** Its modification time when it was listed: if it moved since, something came or went. Undefined where it was too young then to tell. */
  readonly mtimeNs: bigint | undefined;
}

/** One directory and the regular files in it, to be kept while a whole store is listed. */
export interface WalkedDirectory extends DirectoryPlace {
  readonly files: NameList;
}

/** The same just now, with the names at hand. */
export interface JustListed extends DirectoryPlace {
  readonly files: readonly string[];
}

/** Something that is not backed up, and why. */
export interface SkippedPath {
  /** The entry name that it would have had. */
  readonly name: string;
  readonly reason: string;
  /** The system's error, where it refused. */
  readonly errno?: string | undefined;
  /** A link, a pipe, a name that no archive can hold: it will be left out tomorrow too. */
  readonly isByNature?: boolean | undefined;
}

/** A directory as the threads know it that read its files. */
export interface ListedDirectory {
  /** Absolute. */
  readonly directory: string;
  /** Its identity in the listing: files of another directory at its path are not read. Undefined for single files. */
  readonly identity?: DirectoryIdentity | undefined;
  /** The files may be links, which are followed: a configuration that lies on a volume of a container. */
  readonly followsLinks?: boolean | undefined;
}

export function listedAs({
  path,
  identity,
  followsLinks,
}: DirectoryPlace): ListedDirectory {
  return {
    directory: path,
    identity,
    followsLinks,
  };
}

/** A file or directory that is about to be listed. */
export interface ListedStep {
  /** The entry name of the directory that it lies in, with `/`. */
  readonly prefix: string;
  /** That name's length in UTF-8. */
  readonly prefixBytes: number;
  readonly step: string;
  readonly isDirectory: boolean;
}

export interface ListOptions {
  /** Directories that are not entered, wherever they lie. */
  readonly exclude: readonly DirectoryIdentity[];
  /** Names what keeps a file or directory out by its name. */
  readonly findFault?: ((step: ListedStep) => string | undefined) | undefined;
  /** Says whether a directory is left out on purpose, by its entry name with its final `/`. */
  readonly isLeftOut?: ((prefix: string, path: string) => boolean) | undefined;
}

/** What one look at a directory found. */
export interface Listing {
  /** Undefined where it is gone, is not to be entered, or cannot be listed: then it is among the skipped. */
  readonly directory: JustListed | undefined;
  /** The names of its subdirectories. */
  readonly children: readonly string[];
  readonly skipped: readonly SkippedPath[];
}

/** Lists one directory. Links, pipes, sockets and devices are skipped by name. @param prefix its entry name, with `/` */
export function listDirectory(
  path: string,
  prefix: string,
  options: ListOptions,
): Listing {
  const sorted: SortedEntries = { files: [], children: [], skipped: [] };

  try {
    // Before the listing: what changes during it shows as a later time.
    const stats = statDirectory(path);
    if (options.exclude.some((excluded) => isSame(excluded, stats))) {
      return NOTHING;
    }

    const entries = readdirSync(path, { withFileTypes: true });
    // A link may have taken its place meanwhile, and its names are not this directory's.
    if (!isStillAt(path, stats)) {
      throw goneError('another directory has taken its place');
    }

    sortEntries({ path, prefix, entries }, options, sorted);

    const { dev, ino, mtimeNs } = stats;
    const directory = {
      path,
      prefix,
      identity: {
        dev,
        ino,
      },
      files: sorted.files,
      mtimeNs: isYoung(mtimeNs) ? undefined : mtimeNs,
    };

    return {
      ...sorted,
      directory,
    };
  } catch (error) {
    return {
      ...NOTHING,
      skipped: [...sorted.skipped, ...unlisted(prefix, error)],
    };
  }
}

const NOTHING: Listing = { directory: undefined, children: [], skipped: [] };

function unlisted(prefix: string, error: unknown): SkippedPath[] {
  const errno = errnoOf(error);

  // A directory that vanished between listing and entering is not there to be backed up.
  if (isGone(error) || errno === 'ELOOP') return [];

  const reason = `cannot be listed: ${errno ?? String(error)}`;

  return [{ name: prefix, reason, errno }];
}

interface SortedEntries {
  readonly files: string[];
  readonly children: string[];
  readonly skipped: SkippedPath[];
}

interface ReadEntries {
  readonly path: string;
  readonly prefix: string;
  readonly entries: readonly Dirent[];
}

/** Tells what is to be packed, entered, or named as left out. */
function sortEntries(
  { path, prefix, entries }: ReadEntries,
  { findFault, isLeftOut }: ListOptions,
  into: SortedEntries,
): void {
  const prefixBytes = Buffer.byteLength(prefix);
  const isNotEntered = (step: string): boolean =>
    isExcludedDirectory(step) ||
    isLeftOut?.(`${prefix}${step}/`, join(path, step)) === true;

  for (const entry of entries) {
    if (!PLAIN.test(entry.name)) {
      entry.name = composeName(path, entry.name, entries);
    }

    const { name: step } = entry;
    const isDirectory = entry.isDirectory();
    const fault = findFault?.({
      prefix,
      prefixBytes,
      step,
      isDirectory,
    });
    const reason =
      fault === undefined ? reasonToSkip(entry) : `has ${fault} in its name`;

    if (reason !== undefined) {
      into.skipped.push({
        name: prefix + step,
        reason,
        isByNature: true,
      });
    } else if (isDirectory) {
      if (!isNotEntered(step)) into.children.push(step);
    } else if (!isExcludedFile(step)) {
      into.files.push(step);
    }
  }
}

/** A change within one step of the file system's clock leaves the time as it is; FAT counts in steps of two seconds. */
const CLOCK_STEP_MS = 2000;

function isYoung(mtimeNs: bigint): boolean {
  return Number(mtimeNs / 1_000_000n) > systemClock().getTime() - CLOCK_STEP_MS;
}

const PLAIN = /^[ -~]*$/;

/**
 * A disk of macOS gives names back decomposed, whatever they were made with, and finds them under both spellings. Composed,
 * as other systems keep them, they are the same in every archive: what was recovered from one made elsewhere has changed
 * nothing. Where the composed name is not this very file the disk tells the two apart, and the name stays as it is.
 */
function composeName(
  path: string,
  name: string,
  entries: readonly Dirent[],
): string {
  const composed = name.normalize('NFC');
  if (composed === name || entries.some((other) => other.name === composed)) {
    return name;
  }

  const [own, other] = [name, composed].map((one) =>
    identifyEntry(join(path, one)),
  );

  return own !== undefined && own === other ? composed : name;
}

function identifyEntry(path: string): string | undefined {
  const stats = lstatOrGone(path);
  return stats && `${stats.dev}/${stats.ino}`;
}

function reasonToSkip(entry: Dirent): string | undefined {
  if (entry.isDirectory() || entry.isFile()) return undefined;
  if (entry.isSymbolicLink()) return 'symbolic link, not followed';
  if (entry.isSocket()) return 'socket';
  if (entry.isFIFO()) return 'named pipe';

  return 'device';
}

import { readdirSync, statSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { isExcludedDirectory, isExcludedFile } from '../store/components.js';
import { findStepFault } from '../archive/entry-names.js';
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

/** One directory and the regular files in it. */
export interface WalkedDirectory {
  /** Absolute. */
  readonly path: string;
  /** Its device and inode; undefined for single files, listed as if they were all of their directory. */
  readonly identity?: DirectoryIdentity | undefined;
  /** Its files may be links, which are followed. */
  readonly followsLinks?: boolean | undefined;
  /** The prefix of its files' names in an archive: `@backup/store/mail/example.com/`. */
  readonly prefix: string;
  readonly files: readonly string[];
  /** Its modification time when it was listed: if it moved since, something came or went. Undefined where it was too young then to tell. */
  readonly mtimeNs: bigint | undefined;
}

/** Something that is not backed up, and why. */
export interface SkippedPath {
  /** The entry name that it would have had. */
  readonly name: string;
  readonly reason: string;
  /** The system's error, where it refused. */
  readonly errno?: string | undefined;
}

export interface Walk {
  readonly directories: readonly WalkedDirectory[];
  readonly skipped: readonly SkippedPath[];
}

/** The directory that is never entered, by device and inode: whatever path or bind mount leads to it. */
export function identify(path: string): DirectoryIdentity | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && { dev: stats.dev, ino: stats.ino };
}

export interface WalkOptions {
  /** Directories that are not entered, wherever they lie. */
  readonly exclude: readonly DirectoryIdentity[];
  /** Says whether a directory below is left to another look. */
  readonly isKnown?: ((prefix: string) => boolean) | undefined;
  readonly onDirectory?: ((directory: WalkedDirectory) => void) | undefined;
}

/** Lists a tree with its directories before what lies in them. Links, pipes, sockets and devices are skipped by name. */
export function walkTree(
  path: string,
  prefix: string,
  { exclude, isKnown, onDirectory }: WalkOptions,
): Walk {
  const walk = {
    directories: [] as WalkedDirectory[],
    skipped: [] as SkippedPath[],
  };

  const open = [{ path, prefix }];

  for (let next = open.pop(); next; next = open.pop()) {
    const before = walk.directories.length;
    const listed = listDirectory(next.path, next.prefix, exclude, walk);
    const directory = walk.directories[before];

    if (directory) onDirectory?.(directory);

    for (const child of listed) {
      const below = `${next.prefix}${child}/`;
      if (!isKnown?.(below)) {
        open.push({ path: join(next.path, child), prefix: below });
      }
    }
  }

  return walk;
}

interface OpenWalk {
  readonly directories: WalkedDirectory[];
  readonly skipped: SkippedPath[];
}

/** Adds one directory to the walk; returns the names of its subdirectories, the first to be entered last. */
function listDirectory(
  path: string,
  prefix: string,
  exclude: readonly DirectoryIdentity[],
  walk: OpenWalk,
): string[] {
  const files: string[] = [];
  const children: string[] = [];

  try {
    // Before the listing: what changes during it shows as a later time.
    const stats = statDirectory(path);
    if (exclude.some((excluded) => isSame(excluded, stats))) return [];

    const entries = readdirSync(path, { withFileTypes: true });
    // A link may have taken its place meanwhile, and its names are not this directory's.
    if (!isStillAt(path, stats)) {
      throw goneError('another directory has taken its place');
    }

    sortEntries(path, prefix, entries, {
      files,
      children,
      skipped: walk.skipped,
    });

    const { dev, ino, mtimeNs } = stats;
    walk.directories.push({
      path,
      prefix,
      identity: { dev, ino },
      files,
      mtimeNs: isYoung(mtimeNs) ? undefined : mtimeNs,
    });
  } catch (error) {
    noteUnlisted(prefix, error, walk);
  }

  return children.reverse();
}

function noteUnlisted(prefix: string, error: unknown, walk: OpenWalk): void {
  const errno = errnoOf(error);

  // A directory that vanished between listing and entering is not there to be backed up.
  if (isGone(error) || errno === 'ELOOP') return;

  const reason = `cannot be listed: ${errno ?? String(error)}`;
  walk.skipped.push({ name: prefix, reason, errno });
}

interface SortedEntries {
  readonly files: string[];
  readonly children: string[];
  readonly skipped: SkippedPath[];
}

/** Tells what is to be packed, entered, or named as left out. */
function sortEntries(
  path: string,
  prefix: string,
  entries: readonly Dirent[],
  into: SortedEntries,
): void {
  const prefixBytes = Buffer.byteLength(prefix);
  for (const entry of entries) {
    if (!PLAIN.test(entry.name)) {
      entry.name = composeName(path, entry.name, entries);
    }

    const reason = reasonToSkip(entry, prefix, prefixBytes);
    if (reason !== undefined) {
      into.skipped.push({ name: prefix + entry.name, reason });
    } else if (entry.isDirectory()) {
      if (!isExcludedDirectory(entry.name)) into.children.push(entry.name);
    } else if (!isExcludedFile(entry.name)) {
      into.files.push(entry.name);
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

function reasonToSkip(
  entry: Dirent,
  prefix: string,
  prefixBytes: number,
): string | undefined {
  const fault = findStepFault({
    prefix,
    prefixBytes,
    step: entry.name,
    isDirectory: entry.isDirectory(),
  });

  if (fault !== undefined) return `has ${fault} in its name`;
  if (entry.isDirectory() || entry.isFile()) return undefined;
  if (entry.isSymbolicLink()) return 'symbolic link, not followed';
  if (entry.isSocket()) return 'socket';
  if (entry.isFIFO()) return 'named pipe';

  return 'device';
}

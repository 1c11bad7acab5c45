import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../errors.js';
import {
  type DirectoryIdentity,
  isGone,
  lookAt,
} from '../platform/look-again.js';
import { Turns } from '../platform/turns.js';
import { examineFiles } from './examine-files.js';
import {
  listDirectory,
  type ListedDirectory,
  listedAs,
  type SkippedPath,
} from './list-directory.js';
import { UNKNOWN, VANISHED } from './stat-tasks.js';

/** The live store as it is now, directory by directory. */

/** What is looked at: a directory with all below it, or a file. */
export interface LiveRoot {
  /** Absolute; links at this place are followed, as a backup follows them. */
  readonly path: string;
  /** Its entry name without a final `/`: `@backup/store/mail/example.com/alice`, `mailserver.cfg`. */
  readonly entryName: string;
}

/** The files of one directory, in columns: a million of them must not become a million objects. */
export interface LiveDirectory {
  /** Where they lie; their checksums are read there. */
  readonly listed: ListedDirectory;
  /** The directory's entry name with its final `/`. */
  readonly prefix: string;
  /** False where it could not be listed: it is among the skipped. */
  readonly isListed: boolean;
  readonly names: readonly string[];
  /** Bytes. */
  readonly sizes: Float64Array;
  /** Ticks of 100 ns since 1970-01-01 UTC. */
  readonly mtimes: BigInt64Array;
  /** What is there and was not looked at: links, devices, what cannot be listed or examined. By entry name. */
  readonly skipped: readonly SkippedPath[];
}

export interface LiveWalkOptions {
  /** Directories that are not entered, wherever they lie: the backup directory. */
  readonly exclude?: readonly DirectoryIdentity[] | undefined;
  /** Says whether a directory below a root is entered, by its entry name. */
  readonly isEntered?: ((prefix: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Enough files to be worth a look at the clock. */
const FILES_A_TURN = 500;

/**
 * Walks the live store, directories before what lies in them, as the backup does: links below a root are named and not
 * followed, what every backup leaves out is left out. A root that is not there has nothing, and what vanishes meanwhile is
 * not there.
 */
export async function* walkLive(
  roots: Iterable<LiveRoot>,
  options: LiveWalkOptions = {},
): AsyncGenerator<LiveDirectory> {
  const turns = new Turns();
  const singles: LiveRoot[] = [];

  for (const root of roots) {
    const place = findRoot(root);

    if (place === 'directory') {
      yield* walkBelow(root, options, turns);
    } else if (place === 'file') {
      singles.push(root);
    } else if (place !== 'nothing') {
      yield unlisted(root.path, parentOf(root.entryName), [place]);
    }
  }

  for (const files of gatherSingles(singles)) yield await examine(files, turns);
}

function findRoot({
  path,
  entryName,
}: LiveRoot): 'directory' | 'file' | 'nothing' | SkippedPath {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return 'directory';
    if (stats.isFile()) return 'file';

    return { name: entryName, reason: 'neither file nor directory' };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (isGone(error) && !lookAt(path)) return 'nothing';

    const reason = isGone(error)
      ? 'symbolic link that leads nowhere'
      : `cannot be looked at: ${errno}`;

    return { name: entryName, reason, errno };
  }
}

/** Files by the directories that they lie in, as if they were all of these. They may be links, as configurations are. */
function gatherSingles(roots: readonly LiveRoot[]): ListedFiles[] {
  const prefixes = new Set(roots.map(({ entryName }) => parentOf(entryName)));

  return [...prefixes].map((prefix) => {
    const own = roots.filter((root) => parentOf(root.entryName) === prefix);
    const directory = dirname(own[0]?.path ?? '');
    const names = own.map(({ path }) => basename(path));

    return {
      listed: { directory, followsLinks: true },
      prefix,
      names,
      skipped: [],
    };
  });
}

function parentOf(entryName: string): string {
  return entryName.slice(0, entryName.lastIndexOf('/') + 1);
}

async function* walkBelow(
  root: LiveRoot,
  { exclude = [], isEntered, signal }: LiveWalkOptions,
  turns: Turns,
): AsyncGenerator<LiveDirectory> {
  const open = [
    { path: realpathSync(root.path), prefix: `${root.entryName}/` },
  ];

  for (let next = open.pop(); next; next = open.pop()) {
    await turns.pass();
    signal?.throwIfAborted();

    const { path, prefix } = next;
    const { directory, children, skipped } = listDirectory(path, prefix, {
      exclude,
    });

    if (directory) {
      const { files: names } = directory;
      const listed = listedAs(directory);
      yield await examine({ listed, prefix, names, skipped }, turns);
    } else if (skipped.length > 0) {
      yield unlisted(path, prefix, skipped);
    }

    for (const child of children.toReversed()) {
      const below = `${prefix}${child}/`;
      if (isEntered?.(below) === false) continue;

      open.push({ path: join(path, child), prefix: below });
    }
  }
}

function unlisted(
  directory: string,
  prefix: string,
  skipped: readonly SkippedPath[],
): LiveDirectory {
  return {
    listed: { directory },
    prefix,
    isListed: false,
    names: [],
    sizes: new Float64Array(0),
    mtimes: new BigInt64Array(0),
    skipped,
  };
}

interface ListedFiles {
  readonly listed: ListedDirectory;
  readonly prefix: string;
  readonly names: readonly string[];
  readonly skipped: readonly SkippedPath[];
}

/** Asks for size and time of the files; one that vanished since is left out, one that cannot be asked about is skipped. */
async function examine(
  { listed, prefix, names, skipped }: ListedFiles,
  turns: Turns,
): Promise<LiveDirectory> {
  const sizes = new Float64Array(names.length);
  const mtimes = new BigInt64Array(names.length);
  const kept: string[] = [];
  const allSkipped = [...skipped];

  for (let from = 0; from < names.length; from += FILES_A_TURN) {
    await turns.pass();

    const some = names.slice(from, from + FILES_A_TURN);
    const result = examineFiles({
      directories: [{ ...listed, names: some }],
      withCrc: false,
    });

    for (const [at, name] of some.entries()) {
      const sizeBytes = result.sizes[at] ?? VANISHED;

      if (sizeBytes >= 0) {
        sizes[kept.length] = sizeBytes;
        mtimes[kept.length] = result.mtimes[at] ?? 0n;
        kept.push(name);
      } else if (sizeBytes === UNKNOWN || isNoText(name)) {
        allSkipped.push({ name: prefix + name, reason: 'cannot be examined' });
      }
    }
  }

  return {
    listed,
    prefix,
    isListed: true,
    names: kept,
    sizes,
    mtimes,
    skipped: allSkipped,
  };
}

/** A name that is not UTF-8 cannot be asked for by the text that stands for it, and seems to have vanished. */
function isNoText(name: string): boolean {
  return name.includes('\ufffd');
}

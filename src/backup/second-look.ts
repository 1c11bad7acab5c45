import type { FilesTask } from '../archive/write/pack-tasks.js';
import { isSame, lookAt } from '../platform/look-again.js';
import { type BackupContent, toTasks } from './content.js';
import {
  type SkippedPath,
  type Walk,
  walkTree,
  type WalkedDirectory,
} from './walk.js';

/** Mail that keeps arriving must not keep a backup from ending. */
const ROUNDS = 3;

/** What was found when everything had been packed once. */
export interface SecondLook {
  /** All directories as they were last listed, to get their entries. */
  readonly directories: readonly WalkedDirectory[];
  /** What is there now and is not in the archive. */
  readonly skipped: readonly SkippedPath[];
}

/**
 * The store is live: a message that is moved into a directory after that one was read would be in neither place. So every
 * directory whose time moved since it was listed is listed again, and what is new there is packed too. A message may then
 * be in the archive twice; missing is only one that moved on in every round, and it counts as vanished. What was gone for a
 * moment, because the server replaced it, is tried again.
 * @param vanished entry names that were gone when their turn came; those that are packed now are taken out
 */
export async function secondLook(
  content: BackupContent,
  pack: (tasks: readonly FilesTask[]) => Promise<void>,
  vanished: Set<string>,
): Promise<SecondLook> {
  const store = new KnownStore(content, vanished);
  await pack(
    content.singles.flatMap((single) =>
      toTasks(
        single,
        single.files.filter((name) => vanished.delete(single.prefix + name)),
      ),
    ),
  );

  for (let round = 0; round < ROUNDS; round++) {
    const tasks = store.lookAgain();
    if (tasks.length === 0) break;

    await pack(tasks);
  }

  return { directories: store.directories, skipped: store.skipped };
}

/** What is known of the store while it is listed again. */
class KnownStore {
  readonly #known: Map<string, WalkedDirectory>;
  readonly #seen: Map<string, Set<string>>;
  readonly #skipped = new Map<string, SkippedPath>();
  readonly #skippedBefore: ReadonlySet<string>;

  constructor(
    private readonly content: BackupContent,
    private readonly vanished: Set<string>,
  ) {
    this.#known = new Map(
      content.directories.map((directory) => [directory.prefix, directory]),
    );
    this.#seen = new Map();
    this.#skippedBefore = new Set(content.skipped.map(({ name }) => name));
  }

  get directories(): WalkedDirectory[] {
    return [...this.#known.values()];
  }

  get skipped(): SkippedPath[] {
    return [...this.#skipped.values()];
  }

  /** Lists every directory that moved; returns what is to be packed of it. */
  lookAgain(): FilesTask[] {
    const tasks: FilesTask[] = [];
    for (const directory of this.directories) {
      if (!hasMoved(directory)) continue;

      const { exclude } = this.content;
      const isKnown = (prefix: string): boolean => this.#known.has(prefix);

      const walk = walkTree(directory.path, directory.prefix, {
        exclude,
        isKnown,
      });

      this.#addSkipped(walk);

      for (const now of walk.directories) {
        if (now.prefix !== directory.prefix && this.#isFile(now.prefix)) {
          continue;
        }

        tasks.push(...toTasks(now, this.#newFiles(now)));
      }
    }

    return tasks;
  }

  /** The names of a listing that are to be packed; from here on they are known. */
  #newFiles(now: WalkedDirectory): string[] {
    const { prefix } = now;
    const seen = this.#seenIn(prefix);
    const isNew = (name: string): boolean =>
      !this.#isDirectory(prefix + name) &&
      (this.vanished.delete(prefix + name) || !seen.has(name));
    const names = now.files.filter(isNew);

    this.#known.set(prefix, now);
    this.#seen.set(prefix, new Set([...seen, ...now.files]));

    return names;
  }

  #seenIn(prefix: string): ReadonlySet<string> {
    const seen =
      this.#seen.get(prefix) ?? new Set(this.#known.get(prefix)?.files);
    this.#seen.set(prefix, seen);
    return seen;
  }

  /** Whether the archive, or its base, has that directory, or one above it, as a file: nobody could recover both. */
  #isFile(prefix: string): boolean {
    for (
      let end = prefix.length - 1;
      end > 0;
      end = prefix.lastIndexOf('/', end - 1)
    ) {
      const at = prefix.lastIndexOf('/', end - 1) + 1;
      const name = prefix.slice(0, end);
      const isPacked =
        this.#seenIn(prefix.slice(0, at)).has(prefix.slice(at, end)) &&
        !this.vanished.has(name);
      if (!isPacked && !this.content.isFileOfBase(name)) continue;

      this.#skip({
        name: `${name}/`,
        reason: 'became a directory after it was packed as a file',
      });

      return true;
    }

    return false;
  }

  /** Whether the archive, or its base, has that file as a directory. */
  #isDirectory(name: string): boolean {
    const prefix = `${name}/`;
    if (!this.#known.has(prefix) && !this.#skippedBefore.has(prefix)) {
      return false;
    }

    this.#skip({
      name,
      reason: 'became a file after it was packed as a directory',
    });

    return true;
  }

  #addSkipped({ skipped }: Walk): void {
    for (const path of skipped) {
      if (!this.#skippedBefore.has(path.name)) this.#skip(path);
    }
  }

  #skip(path: SkippedPath): void {
    this.#skipped.set(path.name, path);
  }
}

function hasMoved({ path, mtimeNs, identity }: WalkedDirectory): boolean {
  const stats = lookAt(path);
  if (stats?.isDirectory() !== true) return false;
  return (
    stats.mtimeNs !== mtimeNs ||
    (identity !== undefined && !isSame(stats, identity))
  );
}

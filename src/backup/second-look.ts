import { findStepFault } from '../archive/entry-names.js';
import type { FilesTask } from '../archive/write/pack-tasks.js';
import { isSame, lookAt } from '../platform/look-again.js';
import { type OpenBase, isFileOfBase } from './open-base.js';
import type { OpenRun } from './open-run.js';
import { toTasks } from './pack-batches.js';
import type { BackupPlan } from './plan-archive.js';
import type { SkippedPath, WalkedDirectory } from '../store/list-directory.js';
import { LeftOutPaths } from '../store/left-out-paths.js';
import { NO_NAMES, unpackNames } from '../store/name-list.js';
import { type Walk, walkTree } from '../store/walk.js';

/** Mail that keeps arriving must not keep a backup from ending. */
const ROUNDS = 3;

/** The findings of the look after everything was packed once. */
export interface SecondLook {
  /** All directories as they were last listed, to get their entries. */
  readonly directories: readonly WalkedDirectory[];
  /** The paths that are there now and are not in the archive. */
  readonly skipped: readonly SkippedPath[];
}

/**
 * The store is live: a message that is moved into a directory after that one was read would be in neither place. So every
 * directory whose time moved since it was listed is listed again, and what is new there is packed too. A message may then
 * be in the archive twice; missing is only one that moved on in every round, and it counts as vanished. What was gone for a
 * moment, because the server replaced it, is tried again.
 * @param pack packs tasks; what it finds gone becomes vanished in the run's packer
 */
export async function secondLook(
  { plan, base, packer: { vanished } }: OpenRun,
  pack: (tasks: readonly FilesTask[]) => Promise<void>,
): Promise<SecondLook> {
  const store = new WatchedStore(plan, base, vanished);
  const returned = plan.singles.flatMap((single) =>
    toTasks(
      single,
      unpackNames(single.files).filter((name) =>
        vanished.delete(single.prefix + name),
      ),
    ),
  );

  await pack(returned);

  for (let round = 0; round < ROUNDS; round++) {
    const tasks = await store.lookAgain();
    if (tasks.length === 0) break;

    await pack(tasks);
  }

  return {
    directories: store.directories,
    skipped: store.skipped,
  };
}

/** The knowledge of the store while it is listed again. */
class WatchedStore {
  /** As they were last listed, by entry name. */
  readonly #directories: Map<string, WalkedDirectory>;
  /** All names that were ever listed in a directory. */
  readonly #names = new Map<string, Set<string>>();
  readonly #skipped = new Map<string, SkippedPath>();
  readonly #skippedBefore: ReadonlySet<string>;
  readonly #leftOut: LeftOutPaths;

  /** @param vanished entry names that were gone when their turn came; those that are packed now are taken out */
  constructor(
    private readonly plan: BackupPlan,
    private readonly base: OpenBase | undefined,
    private readonly vanished: Set<string>,
  ) {
    this.#directories = new Map(
      plan.directories.map((directory) => [directory.prefix, directory]),
    );
    this.#skippedBefore = new Set(plan.skipped.map(({ name }) => name));
    this.#leftOut = new LeftOutPaths(plan.leftOut.patterns);
  }

  get directories(): WalkedDirectory[] {
    return [...this.#directories.values()];
  }

  get skipped(): SkippedPath[] {
    return [...this.#skipped.values()];
  }

  /** Lists every directory that moved; returns what is to be packed of it. */
  async lookAgain(): Promise<FilesTask[]> {
    const tasks: FilesTask[] = [];
    for (const directory of this.directories) {
      if (!hasMoved(directory)) continue;

      const { exclude } = this.plan;
      const isKnown = (prefix: string): boolean =>
        this.#directories.has(prefix);

      const walk = await walkTree(directory.path, directory.prefix, {
        exclude,
        isKnown,
        findFault: findStepFault,
        isLeftOut: (prefix) => this.#leftOut.covers(prefix),
      });

      this.#addSkipped(walk);

      for (const now of walk.directories) {
        const isBelow = now.prefix !== directory.prefix;
        if (isBelow && (await this.#isFile(now.prefix))) continue;

        tasks.push(...toTasks(now, this.#newFiles(now)));
      }
    }

    return tasks;
  }

  /** The names of a listing that are to be packed; from here on they are known. */
  #newFiles(now: WalkedDirectory): string[] {
    const { prefix } = now;
    const seen = this.#namesIn(prefix);
    const isNew = (name: string): boolean =>
      !this.#isDirectory(prefix + name) &&
      (this.vanished.delete(prefix + name) || !seen.has(name));
    const files = unpackNames(now.files);
    const names = files.filter(isNew);

    this.#directories.set(prefix, now);
    this.#names.set(prefix, new Set([...seen, ...files]));

    return names;
  }

  #namesIn(prefix: string): ReadonlySet<string> {
    let seen = this.#names.get(prefix);

    if (!seen) {
      const { files = NO_NAMES } = this.#directories.get(prefix) ?? {};
      seen = new Set(unpackNames(files));
      this.#names.set(prefix, seen);
    }

    return seen;
  }

  /** Says whether the archive, or its base, has that directory, or one above it, as a file: nobody could recover both. */
  async #isFile(prefix: string): Promise<boolean> {
    for (
      let end = prefix.length - 1;
      end > 0;
      end = prefix.lastIndexOf('/', end - 1)
    ) {
      const at = prefix.lastIndexOf('/', end - 1) + 1;
      const name = prefix.slice(0, end);
      const isPacked =
        this.#namesIn(prefix.slice(0, at)).has(prefix.slice(at, end)) &&
        !this.vanished.has(name);
      if (!isPacked && !(await isFileOfBase(this.base, name))) continue;

      this.#skip({
        name: `${name}/`,
        reason: 'became a directory after it was packed as a file',
      });

      return true;
    }

    return false;
  }

  /** Says whether the archive, or its base, has that file as a directory. */
  #isDirectory(name: string): boolean {
    const prefix = `${name}/`;
    if (!this.#directories.has(prefix) && !this.#skippedBefore.has(prefix)) {
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

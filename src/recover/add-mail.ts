import { existsSync, linkSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, InterruptedError } from '../errors.js';
import { syncDirectory } from '../platform/atomic-file.js';
import { makeOwnedDirectories } from '../platform/owned-directories.js';
import { renamePatiently } from '../platform/patience.js';
import { Turns } from '../platform/turns.js';
import { INDEX_FILE } from '../store/store-path.js';
import { plural } from '../platform/units.js';
import { type AdditiveCounts, sizesOf } from './additive.js';
import type { ArchivedFolder, FolderEntries } from './archived-folders.js';
import {
  type AdditivePlan,
  type AdditiveStep,
  planAdditive,
} from './plan-additive.js';
import type { AddedNotes } from './added-notes.js';
import { identifyMessages } from './identify-messages.js';
import {
  EMPTY_DIRECTORY,
  type LiveDirectory,
  listNames,
  surveyDirectory,
} from './live-folder.js';

/** Adding staged mail to the live store. */

/** The place where messages are added. */
export interface AdditiveTarget {
  readonly storeDir: string;
  /** The staged counterpart of a path below the store. */
  readonly stagedPathOf: (path: string) => string;
  /** Takes note of what is added, before it is; undefined where nothing is kept for a rollback. */
  readonly notes?: AddedNotes | undefined;
  /** The live index of a folder that gets mail is set aside. */
  readonly reindexes: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Moves staged messages into the live store under names that nobody has. Each appears whole or not at all; an abort
 * leaves those that were added, and the next call skips them as identical.
 * @throws {InterruptedError} when the signal aborts; it says how many messages were added
 */
export async function addMail(
  folders: readonly FolderEntries[],
  target: AdditiveTarget,
): Promise<AdditiveCounts> {
  const progress = new Progress(target.signal);

  for (const folder of folders) {
    const { path } = folder;
    const places = {
      from: target.stagedPathOf(path),
      to: join(target.storeDir, path),
    };
    const adding = new FolderAdding(folder, places, target);

    await adding.run(progress);
  }

  target.notes?.end();

  return { ...progress.counts, folders: folders.length };
}

/** The messages that were added so far. */
class Progress {
  readonly counts = { add: 0, renamed: 0, skip: 0, reindexed: 0 };
  readonly turns = new Turns();

  constructor(private readonly signal: AbortSignal | undefined) {}

  /** @throws {InterruptedError} when the signal aborted before */
  async beginFolder(): Promise<void> {
    await this.turns.give();
    this.#stopWhereAsked();
  }

  /** @throws {InterruptedError} when the signal aborted before */
  async pass(): Promise<void> {
    await this.turns.pass();
    this.#stopWhereAsked();
  }

  #stopWhereAsked(): void {
    const reason: unknown = this.signal?.reason;
    if (!(reason instanceof InterruptedError)) return;

    const added = plural(this.counts.add, 'message was', 'messages were');
    throw reason.keeping(
      `${added} added and stay; the same call adds the rest`,
    );
  }
}

/** A folder as it is staged, and as it is live. */
interface FolderPlaces {
  readonly from: string;
  readonly to: string;
}

/** One folder, until all of its messages are live. */
class FolderAdding {
  readonly #placed = new Set<string>();
  /** Names that the disk refused although no listed file has them. */
  readonly #occupied: string[] = [];
  readonly #folder: ArchivedFolder;
  readonly #holder: FolderEntries['holder'];
  #live: LiveDirectory = EMPTY_DIRECTORY;

  constructor(
    entries: FolderEntries,
    private readonly places: FolderPlaces,
    private readonly target: Pick<AdditiveTarget, 'notes' | 'reindexes'>,
  ) {
    this.#folder = entries.read();
    this.#holder = entries.holder;
  }

  async run(progress: Progress): Promise<void> {
    const { to } = this.places;

    try {
      while (!(await this.#addRest(progress)));
    } finally {
      for (const directory of new Set([join(to, this.#holder), to])) {
        if (existsSync(directory)) syncDirectory(directory);
      }
    }
  }

  /** Returns false where somebody took a name meanwhile: the messages that are still staged want another plan. */
  async #addRest(progress: Progress): Promise<boolean> {
    await progress.beginFolder();

    const plan = await this.#plan(progress.turns);
    const { from, to } = this.places;
    const asides = new Map(
      plan.setAside
        .map((name) => join(to, name))
        .map((path) => [path, asideNameOf(path)]),
    );

    this.target.notes?.noteFolder(this.places, this.#holder, { plan, asides });

    // First: were the index still there after a crash, a second call would find nothing to add and leave it, and the
    // server would not show the messages beside it.
    for (const [path, aside] of asides) renamePatiently(path, aside);
    if (plan.setAside.includes(INDEX_FILE)) progress.counts.reindexed++;

    for (const step of plan.steps) {
      if (step.kind === 'skip') continue;
      if (!this.#place(step)) return false;

      progress.counts.add++;
      if (step.kind === 'rename') progress.counts.renamed++;
      await progress.pass();
    }

    for (const name of plan.addFiles) {
      if (!placeFile(join(from, name), join(to, name))) return false;
    }

    const skipped = plan.steps.filter(({ kind }) => kind === 'skip');
    progress.counts.skip += skipped.length;

    return true;
  }

  #place(step: Exclude<AdditiveStep, { kind: 'skip' }>): boolean {
    const { from, to } = this.places;
    const isPlaced = placeFile(
      join(from, this.#holder, step.name),
      join(to, this.#holder, step.as),
    );

    if (isPlaced) this.#placed.add(step.name);
    else this.#occupied.push(step.as);

    return isPlaced;
  }

  /** The plan of the messages that are still staged, by all of their bytes: mail may have arrived since the plan was shown. */
  async #plan(turns: Turns): Promise<AdditivePlan> {
    const folder = this.#folder;
    const stagedDir = join(this.places.from, this.#holder);
    const liveDir = join(this.places.to, this.#holder);

    this.#live = await surveyDirectory(
      liveDir,
      sizesOf(folder),
      this.#live,
      turns,
    );

    const rest = folder.messages.filter(({ name }) => !this.#placed.has(name));
    const { staged, live } = await identifyMessages(
      { directory: stagedDir, messages: rest },
      { directory: liveDir, messages: [...this.#live.messages.values()] },
      turns,
    );

    return planAdditive(
      {
        messages: live,
        names: [...this.#live.names, ...this.#occupied],
        files: this.#holder === '' ? [] : listNames(this.places.to),
      },
      {
        messages: staged,
        files: folder.files,
        reindexes: this.target.reindexes,
      },
    );
  }
}

/** Flags live in the index alone: each one that is set aside is kept. */
function asideNameOf(path: string): string {
  let aside = `${path}.before-recover`;
  for (let number = 1; existsSync(aside); number++) {
    aside = `${path}.before-recover.${number}`;
  }

  return aside;
}

/** Puts a file where none is; false where the name was taken meanwhile: nothing is ever overwritten. */
function placeFile(from: string, to: string): boolean {
  makeOwnedDirectories(dirname(to));

  try {
    linkSync(from, to);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' || existsSync(to)) return false;

    renamePatiently(from, to); // no hard links on this file system

    return true;
  }

  rmSync(from);

  return true;
}

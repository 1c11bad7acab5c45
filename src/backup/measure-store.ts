import { lookAt } from '../platform/look-again.js';
import { checksumFile } from '../store/checksum.js';
import type { Component } from '../store/components.js';
import { isIn } from '../store/entry-place.js';
import type { SkippedPath } from '../store/list-directory.js';
import { LeftOutPaths } from '../store/left-out-paths.js';
import type { OpenBase } from './open-base.js';
import {
  type ListedNames,
  type ReadChecksum,
  StoreComparison,
  UnusableBase,
} from './compare-store.js';
import type { Comparison } from './comparison.js';
import type { ExaminedFiles } from './examine-store.js';
import { type Base, describeUnusable } from './find-base.js';
import type { IndexedFull } from './index-full.js';
import type { LeftOut } from './left-out.js';
import type { ListedStore } from './list-store.js';

/** A store that was measured against a full. */
export interface Measured {
  readonly base: OpenBase;
  readonly comparison: Comparison;
}

/** Measures a store against a full while it is listed. A full that cannot be used, or not to the end, is told with a reason. */
export class Measuring {
  readonly #base: Promise<Base>;
  #comparison: StoreComparison | undefined;
  #failure: string | undefined;

  /** @param base is being looked for while the listing begins */
  constructor(base: Promise<Base>) {
    this.#base = base;
    base.catch(() => undefined); // who waits for it is told
  }

  async add(component: Component, files: ExaminedFiles): Promise<void> {
    await this.#guard(async (full) => {
      this.#comparison ??= new StoreComparison(full.index, readChecksum);
      await this.#comparison.add(component, files);
    });
  }

  async finish(
    listed: ListedStore,
  ): Promise<Measured | { readonly reason: string }> {
    const measured = await this.#guard(async (full) => {
      this.#comparison ??= new StoreComparison(full.index, readChecksum);
      const comparison = await this.#comparison.finish(namesOf(listed));
      const deleted = new Set(comparison.deleted);

      return {
        base: {
          ...full,
          deleted,
        },
        comparison,
      };
    });

    return measured ?? { reason: this.#failure ?? '' };
  }

  /** Does some work while the full can be used; a full tonight is better than nothing, whether the disk answers again or not. */
  async #guard<Result>(
    work: (full: IndexedFull) => Promise<Result>,
  ): Promise<Result | undefined> {
    if (this.#failure !== undefined) return undefined;

    const base = await this.#base;
    if ('reason' in base) {
      this.#failure = base.reason;
      return undefined;
    }

    try {
      return await work(base);
    } catch (error) {
      if (!(error instanceof UnusableBase)) throw error;

      base.index.close();
      this.#failure = describeUnusable(base.files, error.cause);

      return undefined;
    }
  }
}

function namesOf({
  groups,
  skipped,
  leftOut,
  components,
}: ListedStore): ListedNames {
  const directories = groups.flatMap((group) => group.directories);

  return {
    directories: directories
      .filter(({ path }) => lookAt(path)?.isDirectory() === true)
      .map(({ prefix }) => prefix),
    isUnseen: unseenBy(skipped, leftOut),
    components,
  };
}

/** What was skipped, and what was left out on purpose, with all below it. */
export function unseenBy(
  skipped: readonly Pick<SkippedPath, 'name'>[],
  { patterns }: Pick<LeftOut, 'patterns'>,
): (name: string) => boolean {
  const leftOut = new LeftOutPaths(patterns);
  const names = new Set(skipped.map(({ name }) => name.replace(/\/$/, '')));

  return (name) => isIn(names, name) || leftOut.covers(name);
}

const readChecksum: ReadChecksum = ({ path, followsLinks }, name) =>
  checksumFile(`${path}/${name}`, { followsLinks, asksPlace: true });

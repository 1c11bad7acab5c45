/** The directories of two moments that are compared with each other. */
import { holdsMailArchive } from '../archive/completeness.js';
import type { ComparableDirectory } from '../archive/comparable-files.js';
import type { EarlierTree } from '../archive/compare-trees.js';
import { liveTree } from '../archive/live-files.js';
import type { PointFiles } from '../archive/point-files.js';
import { wantedComponents } from '../backup/sources.js';
import { type Component, COMPONENTS } from '../store/components.js';
import { placeOf } from '../store/entry-place.js';
import { LeftOutPaths } from '../store/left-out-paths.js';
import type { SkippedPath } from '../store/list-directory.js';
import { isDirectoryInScope, type MailScope } from '../store/mail-scope.js';
import { parseEntryDirectory } from '../store/store-path.js';
import { identify } from '../store/walk.js';
import { type LiveDirectory, walkLive } from '../store/walk-live.js';
import {
  type DiffMoment,
  type LiveMoment,
  liveRoots,
  type PointMoment,
} from './diff-moments.js';
import { mayHold } from './diff-scope.js';
import { knownArchivePlaces } from './known-archive-places.js';

/** Those of the scope, or those of the parts that both can have. */
export class ComparedMoments {
  readonly skipped: SkippedPath[] = [];
  readonly #components: ReadonlySet<Component>;
  /** What either of the two leaves out on purpose: nobody knows what came of it. */
  readonly #leftOut: LeftOutPaths;

  constructor(
    private readonly before: PointMoment,
    private readonly after: DiffMoment,
    private readonly scope: MailScope | undefined,
  ) {
    this.#components = componentsOf(before, after);
    this.#leftOut = new LeftOutPaths([before, after].flatMap(leavesOut));
  }

  earlier(): EarlierTree {
    const { files } = this.before;

    return {
      prefixes: this.#prefixesOf(files),
      filesOf: (prefix) => files.filesOf(prefix),
    };
  }

  async *later(): AsyncGenerator<ComparableDirectory> {
    if (this.after.kind === 'live') {
      yield* this.#live(this.after);
      return;
    }

    const { files } = this.after;
    for (const prefix of this.#prefixesOf(files)) {
      yield { files: files.filesOf(prefix), skipped: [] };
    }
  }

  *#prefixesOf({ prefixes }: PointFiles): Generator<string> {
    for (const prefix of prefixes) if (this.#isWanted(prefix)) yield prefix;
  }

  #isWanted(prefix: string): boolean {
    if (this.#leftOut.covers(prefix)) return false;
    if (!this.scope) return this.#components.has(componentOf(prefix));

    const directory = parseEntryDirectory(prefix);

    return directory !== undefined && isDirectoryInScope(this.scope, directory);
  }

  async *#live({ server }: LiveMoment): AsyncGenerator<ComparableDirectory> {
    const { scope } = this;
    const components = scope ? new Set<Component>(['mail']) : this.#components;
    const places = knownArchivePlaces(
      server.settings.backupDir,
      server.installation.dir,
    );
    const { roots, skipped } = liveRoots(server, components, places);

    this.skipped.push(...skipped);
    yield { files: undefined, skipped: skipped.map(({ name }) => name) };

    const live = walkLive(roots, {
      exclude: places.flatMap((place) => identify(place) ?? []),
      isEntered: scope && ((prefix) => isOnTheWay(scope, prefix)),
    });

    const wanted = liveTree(this.#noteSkipped(live), (path) => {
      this.skipped.push(path);
    });

    for await (const directory of wanted) {
      const { files } = directory;
      if (!files || this.#isWanted(files.prefix)) yield directory;
    }
  }

  /** What lies on the way to the scope, and is none of it, is missed by nobody. */
  #isSkipped(prefix: string, { name }: SkippedPath): boolean {
    return this.#isWanted(prefix) || this.#isWanted(name.replace(/\/?$/, '/'));
  }

  async *#noteSkipped(
    live: AsyncIterable<LiveDirectory>,
  ): AsyncGenerator<LiveDirectory> {
    for await (const directory of live) {
      for (const path of directory.skipped) {
        if (this.#isSkipped(directory.prefix, path)) this.skipped.push(path);
      }

      yield directory;
    }
  }
}

function isOnTheWay(scope: MailScope, prefix: string): boolean {
  const directory = parseEntryDirectory(prefix);

  return directory !== undefined && mayHold(scope, directory);
}

/** Parts that a moment was limited to are all that is compared; a part that the server leaves out only where the earlier moment has it. */
function componentsOf(
  before: PointMoment,
  after: DiffMoment,
): ReadonlySet<Component> {
  const parts = [before, after].flatMap((moment) =>
    moment.kind === 'point' ? (moment.index.parts ?? []) : [],
  );
  const included =
    after.kind === 'point'
      ? COMPONENTS
      : [
          ...wantedComponents(after.server.settings.include, undefined),
          ...[...before.files.prefixes].map(componentOf),
        ];

  const isOfBoth = (component: Component): boolean =>
    [before, after].every(
      (moment) =>
        moment.kind === 'live' || (moment.index.parts?.has(component) ?? true),
    );

  const compared = parts.length === 0 ? included : included.filter(isOfBoth);
  const isAsked = [before, after].every(looksAtArchive);

  return new Set(compared.filter((part) => part !== 'archive' || isAsked));
}

/** A moment that did not look at the mail archive says nothing of what is in it; the live one has it. */
function looksAtArchive(moment: DiffMoment): boolean {
  return moment.kind === 'live' || holdsMailArchive(moment.index.point.facts);
}

/** The patterns of what a moment leaves out on purpose; the live store has everything. */
function leavesOut(moment: DiffMoment): readonly string[] {
  return moment.kind === 'live'
    ? []
    : (moment.index.point.facts.version?.leavesOut ?? []);
}

/** The part that the files of a directory belong to. */
function componentOf(prefix: string): Component {
  if (prefix === '') return 'cfg';

  return placeOf(prefix)?.component ?? 'other';
}

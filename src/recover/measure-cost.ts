import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChainIndex } from '../archive/chain-index.js';
import type { ComparableDirectory } from '../archive/comparable-files.js';
import type {
  FileDifference,
  FilesComparison,
} from '../archive/compare-files.js';
import { compareTrees } from '../archive/compare-trees.js';
import { liveTree } from '../archive/live-files.js';
import { PointFiles } from '../archive/point-files.js';
import { msOfTicks } from '../platform/file-times.js';
import { isIn } from '../store/entry-place.js';
import type { SkippedPath } from '../store/list-directory.js';
import { messageNameOf } from '../store/mail-names.js';
import { hasMessageName, holdsMessages } from '../store/message-file.js';
import { parseEntryPath } from '../store/store-path.js';
import { walkLive } from '../store/walk-live.js';
import { applyChanges } from '../server/config/edit.js';
import { encodeConfigText } from '../server/config/text.js';
import { exists } from '../server/recover-state.js';
import { toChanges } from './adapt-paths.js';
import { readArchivedConfig } from './archived-config.js';
import type { Cost } from './cost.js';
import {
  linkedNames,
  liveRoots,
  placedNames,
  type Replaced,
} from './live-roots.js';
import type { AdaptedPath, RecoverRequest } from './request.js';

/** The cost of a recover, measured: what it brings is compared with what it replaces, by size and time, and content in doubt. */

/**
 * Compares what a recover brings with what it replaces. Reads of the live store only what has the archive's size and another
 * time.
 * @throws {InterruptedError} when the signal aborts
 */
export async function measureCost(
  request: RecoverRequest,
  index: ChainIndex,
  replaced: Replaced,
  adapted: readonly AdaptedPath[],
): Promise<Cost> {
  const roots = liveRoots(request, replaced);
  const counting = new CostCounting(request, {
    placed: placedNames(request, replaced),
    linked: linkedNames(replaced),
    stays: replaced.stays,
    isConfigAdapted: adapted.length > 0,
  });

  const before = new PointFiles(index, replaced.entries.selections);
  const live = liveTree(walkLive(roots, { signal: request.signal }), (path) => {
    counting.addUnknown(path);
  });

  for await (const comparison of compareTrees(before, counting.pass(live))) {
    counting.add(comparison);
  }

  if (await changesConfig(request, replaced, adapted)) {
    counting.addOverwrite(false);
  }

  return counting.cost;
}

const CONFIG = 'mailserver.cfg';

/** Tells whether the live mailserver.cfg is another than the archive's with the paths that fit here. */
async function changesConfig(
  { cfgDir }: RecoverRequest,
  { entries }: Replaced,
  adapted: readonly AdaptedPath[],
): Promise<boolean> {
  const path = join(cfgDir, CONFIG);
  if (adapted.length === 0 || !exists(path)) return false;

  const { document } = await readArchivedConfig(entries, CONFIG);
  if (!document) return false;

  const { source } = applyChanges(document, toChanges(adapted));

  return !readFileSync(path).equals(encodeConfigText(source));
}

/** Where a recover takes and puts, by entry names. */
interface CostPlaces {
  /** What is put in place; other chosen entries come along only where their directory is missing. */
  readonly placed: ReadonlySet<string>;
  /** Links to disks of their own. */
  readonly linked: ReadonlySet<string>;
  readonly stays: Replaced['stays'];
  /** mailserver.cfg comes with other paths than the archive's, and is compared by itself. */
  readonly isConfigAdapted: boolean;
}

class CostCounting {
  readonly #loses = { messages: 0, files: 0 };
  readonly #adds = { files: 0, messages: 0 };
  readonly #overwrites = { files: 0, messages: 0 };
  readonly #names: string[] = [];
  readonly #unknown: SkippedPath[] = [];
  #newestTicks: bigint | undefined;
  #liveBytes = 0;
  #liveFiles = 0;

  constructor(
    private readonly request: RecoverRequest,
    private readonly places: CostPlaces,
  ) {}

  get cost(): Cost {
    const newest = this.#newestTicks;
    const [first] = this.#unknown;

    return {
      loses: {
        ...this.#loses,
        newest: newest === undefined ? null : new Date(msOfTicks(newest)),
        names: this.#names,
      },
      adds: this.#adds,
      overwrites: this.#overwrites,
      liveBytes: this.#liveBytes,
      notes: first
        ? [
            `${String(this.#unknown.length)} of the present files could not be compared, first ${JSON.stringify(first.name)}: ${first.reason}`,
          ]
        : [],
    };
  }

  addOverwrite(isMessage: boolean): void {
    count(this.#overwrites, isMessage);
  }

  addUnknown(path: SkippedPath): void {
    this.#unknown.push(path);
  }

  /** Counts the live directories as they pass; what lies on a disk of its own is looked at by itself. */
  async *pass(
    live: AsyncIterable<ComparableDirectory>,
  ): AsyncGenerator<ComparableDirectory> {
    for await (const directory of live) {
      const skipped = directory.skipped.filter(
        (name) => !this.places.linked.has(name),
      );
      this.#loses.files += skipped.filter((name) => !this.#stays(name)).length;
      this.#addLive(directory);

      yield { ...directory, skipped };
    }
  }

  add(comparison: FilesComparison): void {
    const { prefix } = comparison.after;
    const isInMail = holdsMessages(prefix);

    for (const difference of comparison.differences()) {
      const isMessage = isInMail && hasMessageName(difference.name);
      if (difference.change === 'new') {
        this.#addLoss(comparison, difference, isMessage);
      } else if (difference.change === 'changed') {
        const isApart =
          this.places.isConfigAdapted && prefix + difference.name === CONFIG;
        if (!isApart) this.addOverwrite(isMessage);
      } else if (isIn(this.places.placed, prefix + difference.name)) {
        count(this.#adds, isMessage);
      }
    }
  }

  #stays(name: string): boolean {
    const { stays } = this.places;

    return stays === 'all' || stays.has(name);
  }

  #addLive({ files }: ComparableDirectory): void {
    if (!files) return;

    for (let file = 0; file < files.names.length; file++) {
      this.#liveBytes += files.sizeAt(file);
    }

    this.#liveFiles += files.names.length;
    this.request.onProgress?.({
      phase: 'comparing',
      doneItems: this.#liveFiles,
      doneBytes: this.#liveBytes,
    });
  }

  #addLoss(
    { after }: FilesComparison,
    { name, after: file }: FileDifference,
    isMessage: boolean,
  ): void {
    if (this.#stays(after.prefix + name)) return;

    if (!isMessage || file === undefined) {
      this.#loses.files++;
      return;
    }

    const { mtimeTicks } = after.factsAt(file);
    this.#loses.messages++;
    if (mtimeTicks > (this.#newestTicks ?? mtimeTicks - 1n)) {
      this.#newestTicks = mtimeTicks;
    }

    if (!this.request.namesLosses) return;

    const path = parseEntryPath(after.prefix + name);
    if (path) this.#names.push(messageNameOf(path));
  }
}

function count(
  counts: { files: number; messages: number },
  isMessage: boolean,
): void {
  counts.files++;
  if (isMessage) counts.messages++;
}

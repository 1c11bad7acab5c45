import type { ComparableFiles } from '../archive/comparable-files.js';
import type { EarlierTree } from '../archive/compare-trees.js';
import type {
  FileDifference,
  FilesComparison,
} from '../archive/compare-files.js';
import type { FileAt } from '../archive/file-list.js';
import { msOfTicks } from '../platform/file-times.js';
import type { OnProgress } from '../platform/progress.js';
import { isIn } from '../store/entry-place.js';
import type { SkippedPath } from '../store/list-directory.js';
import { messageNameOf } from '../store/mail-names.js';
import { hasMessageName, holdsMessages } from '../store/message-file.js';
import { parseEntryPath } from '../store/store-path.js';
import type { LiveDirectory } from '../store/walk-live.js';
import type { Cost } from './cost.js';
import { MessageBalance } from './message-balance.js';

/** Counts what becomes of the live files where another state takes their place. */

/** Where a state comes and goes, by entry names. */
export interface CostPlaces {
  /** What is put in place; other chosen entries come along only where their directory is missing. */
  readonly placed: ReadonlySet<string> | 'all';
  /** Links to disks of their own. */
  readonly linked: ReadonlySet<string>;
  /** Says whether a live file stays, by its entry name. */
  readonly stays: (entryName: string) => boolean;
  /** Files that are compared by themselves. */
  readonly apart: ReadonlySet<string>;
}

interface CostOptions {
  /** The lost messages are named. */
  readonly namesLosses: boolean;
  readonly onProgress?: OnProgress | undefined;
  /** Told of each message whose content goes: one that is lost, or is replaced by another content. */
  readonly onGoing?: ((message: FileAt, isLost: boolean) => void) | undefined;
}

export class CostCounting {
  readonly #overwrites = { files: 0, messages: 0 };
  readonly #messages: MessageBalance;
  readonly #unread: SkippedPath[] = [];
  readonly #unlisted: SkippedPath[] = [];
  #lostFiles = 0;
  #addedFiles = 0;
  #liveBytes = 0;
  #liveFiles = 0;

  /** @param comes what the live files are compared with */
  constructor(
    comes: EarlierTree,
    private readonly places: CostPlaces,
    private readonly options: CostOptions,
  ) {
    this.#messages = new MessageBalance(comes);
  }

  addOverwrite(isMessage: boolean): void {
    this.#overwrites.files++;
    if (isMessage) this.#overwrites.messages++;
  }

  /** Notes a live file whose content had to decide and cannot be read. */
  addUnread(path: SkippedPath): void {
    this.#unread.push(path);
  }

  /** Counts the live directories as they pass; what lies on a disk of its own is looked at by itself. */
  async *pass(
    live: AsyncIterable<LiveDirectory>,
  ): AsyncGenerator<LiveDirectory> {
    for await (const directory of live) {
      const skipped = directory.skipped.filter(
        ({ name }) => !this.places.linked.has(name),
      );
      for (const path of skipped) this.#addSkipped(path);

      this.#addLive(directory);

      yield { ...directory, skipped };
    }
  }

  add(comparison: FilesComparison): void {
    const { before, after } = comparison;
    const isInMail = holdsMessages(after.prefix);
    const isAllPlaced = this.#isPlaced(after.prefix.replace(/\/$/, ''));

    for (const difference of comparison.differences()) {
      const { name, change } = difference;
      const entryName = after.prefix + name;
      const isMessage = isInMail && hasMessageName(name);

      if (change === 'new') {
        if (!this.places.stays(entryName)) {
          this.#addLoss(after, difference, isMessage);
        }
      } else if (change === 'changed') {
        this.#addChange(after, difference, isMessage);
      } else if (isAllPlaced || this.#isPlaced(entryName)) {
        this.#addArrival(before, difference, isMessage);
      }
    }
  }

  /** Tells which messages were only moved, and counts the rest. Call it once, when everything was added. */
  async finish(): Promise<Cost> {
    const { lost, arrived, movesBack } = await this.#messages.settle();
    let newestTicks: bigint | undefined;

    for (const { files, at } of lost) {
      const { mtimeTicks } = files.factsAt(at);
      if (mtimeTicks > (newestTicks ?? mtimeTicks - 1n)) {
        newestTicks = mtimeTicks;
      }

      this.options.onGoing?.({ files, at }, true);
    }

    return {
      loses: {
        messages: lost.length,
        files: this.#lostFiles,
        unlisted: this.#unlisted.length,
        newest:
          newestTicks === undefined ? null : new Date(msOfTicks(newestTicks)),
        names: this.options.namesLosses ? lost.flatMap(nameOf) : [],
      },
      adds: { files: this.#addedFiles + arrived, messages: arrived },
      movesBack,
      overwrites: this.#overwrites,
      liveBytes: this.#liveBytes,
      notes: [
        ...noteOf(this.#unread, 'of the present files could not be compared'),
        ...noteOf(
          this.#unlisted,
          'of the present directories and files could not be looked at',
        ),
      ],
    };
  }

  /** A link or a device is a file that goes; of what nobody can look at nobody knows what goes with it. */
  #addSkipped(path: SkippedPath): void {
    if (this.places.stays(path.name)) return;

    const isUnknown = path.errno !== undefined || path.name.endsWith('/');
    if (isUnknown) {
      this.#unlisted.push(path);
    } else {
      this.#lostFiles++;
    }
  }

  #addLive({ names, sizes }: LiveDirectory): void {
    for (let file = 0; file < names.length; file++) {
      this.#liveBytes += sizes[file] ?? 0;
    }

    this.#liveFiles += names.length;
    this.options.onProgress?.({
      phase: 'comparing',
      doneItems: this.#liveFiles,
      doneBytes: this.#liveBytes,
    });
  }

  #addLoss(
    after: ComparableFiles,
    { after: file }: FileDifference,
    isMessage: boolean,
  ): void {
    if (isMessage && file !== undefined) {
      this.#messages.addLost(after, file);
    } else {
      this.#lostFiles++;
    }
  }

  #addChange(
    after: ComparableFiles,
    { name, after: file }: FileDifference,
    isMessage: boolean,
  ): void {
    if (this.places.apart.has(after.prefix + name)) return;

    this.addOverwrite(isMessage);
    if (isMessage && file !== undefined) {
      this.options.onGoing?.({ files: after, at: file }, false);
    }
  }

  #addArrival(
    before: ComparableFiles,
    { before: file }: FileDifference,
    isMessage: boolean,
  ): void {
    if (isMessage && file !== undefined) {
      this.#messages.addArrived(before, file);
    } else {
      this.#addedFiles++;
    }
  }

  #isPlaced(name: string): boolean {
    const { placed } = this.places;

    return placed === 'all' || isIn(placed, name);
  }
}

/** The name of a message as search prints it. */
export function nameOf({ files, at }: FileAt): string[] {
  const path = parseEntryPath(files.prefix + (files.names[at] ?? ''));

  return path ? [messageNameOf(path)] : [];
}

function noteOf(paths: readonly SkippedPath[], fact: string): string[] {
  const [first] = paths;
  if (!first) return [];

  return [
    `${String(paths.length)} ${fact}, first ${JSON.stringify(first.name)}: ${first.reason}`,
  ];
}

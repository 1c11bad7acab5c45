import {
  fileNameAt,
  isFirstPiece,
  isMessageAt,
} from '../archive/entry-kind.js';
import { IndexRuns, type Indices } from '../archive/read/indices.js';
import type { Selection } from '../archive/read/read-archive.js';
import { isOwnText } from '../archive/summary.js';
import {
  type DirectoryRun,
  directoryRuns,
} from '../archive/zip/directory-runs.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { inMemory } from '../archive/zip/window-table.js';
import {
  type EntryPlace,
  placeOf,
  sharedPlaceOf,
} from '../store/entry-place.js';
import { holdsMessages, isMessagePath } from '../store/message-file.js';
import type { ChainVolume } from '../archive/chain-index.js';
import type { EntryFilter, FilterRules, RunChoice } from './entry-filter.js';
import { rulesOf } from './filter-rules.js';
import {
  type CountedName,
  type TopLevelName,
  TopLevelNames,
} from './top-level-names.js';

/** Entries that were chosen of a chain, and their counts. */
export interface TalliedEntries {
  readonly selections: readonly Selection[];
  /** The top-level names that the point holds: `mail`, `mailserver.cfg`. */
  readonly tops: readonly TopLevelName[];
  readonly files: number;
  readonly messages: number;
  readonly bytes: number;
  /** Entries that belong to no part of a mail server. */
  readonly foreign: readonly string[];
}

/** Chooses entries by a filter, and counts them, volume by volume. */
export class EntryTally implements TalliedEntries {
  readonly selections: Selection[] = [];
  readonly foreign: string[] = [];
  files = 0;
  messages = 0;
  bytes = 0;
  readonly #tops = new TopLevelNames();
  readonly #rules: FilterRules;

  /** @param parts the components that the point was limited to; undefined: all */
  constructor(
    filter: EntryFilter,
    private readonly parts: ReadonlySet<string> | undefined,
  ) {
    this.#rules = rulesOf(filter);
  }

  get tops(): readonly TopLevelName[] {
    return this.#tops.all;
  }

  /** Adds the entries that are wanted of a volume; returns their indices. */
  addVolume({ volume, hidden }: ChainVolume): Indices {
    const { file, table: opened } = volume;
    const table = inMemory(opened);
    const indices = new IndexRuns();

    for (const run of directoryRuns(opened)) {
      const choice = this.#rules.choose(run.prefix);
      if (choice === 'none') continue;

      this.#addRun(
        { run, choice, table, hidden: hidden?.get(run.prefix) },
        indices,
      );
    }

    this.selections.push({ volume: file, table: opened, indices });

    return indices;
  }

  #addRun(chosen: ChosenRun, indices: IndexRuns): void {
    const { run, table, choice } = chosen;
    const shared = sharedPlaceOf(run.prefix);
    if (this.#isOfOtherPart(shared)) return;

    if (shared && choice === 'all' && !chosen.hidden) {
      this.#addWhole(chosen, this.#tops.of(shared), indices);
      return;
    }

    for (let index = run.start; index < run.end; index++) {
      const isLeftOut =
        choice === 'subdirectories by name' && !table.isDirectory(index);
      if (!isLeftOut && this.#addByName(chosen, index)) indices.add(index);
    }
  }

  /** Nearly all entries of an archive come this way: no string is made of their names. */
  #addWhole(chosen: ChosenRun, top: CountedName, indices: IndexRuns): void {
    const { run, table } = chosen;
    const isInMail = holdsMessages(run.prefix);

    for (let index = run.start; index < run.end; index++) {
      if (!table.piece(index)) {
        this.#count(top, table, index);
        if (isMessageAt(table, index, isInMail)) this.messages++;
      } else if (!this.#addByName(chosen, index)) {
        continue;
      }

      indices.add(index);
    }
  }

  #addByName({ table, choice, hidden }: ChosenRun, index: number): boolean {
    const name = fileNameAt(table, index);
    if (hidden?.has(name) === true) return false;

    const place = placeOf(name);
    if (!place) {
      if (!isOwnText(name)) this.foreign.push(name);
      return false;
    }

    if (this.#isOfOtherPart(place)) return false;
    if (choice !== 'all' && !this.#rules.isWanted(name)) return false;

    this.#count(this.#tops.of(place), table, index);
    if (isFirstPiece(table, index) && isMessagePath(name)) this.messages++;

    return true;
  }

  #isOfOtherPart(place: EntryPlace | undefined): boolean {
    return place !== undefined && this.parts?.has(place.component) === false;
  }

  #count(top: CountedName, table: EntryTable, index: number): void {
    if (table.isDirectory(index)) {
      top.addDirectory();
      return;
    }

    const sizeBytes = table.size(index);
    const isWholeOrFirst = isFirstPiece(table, index);

    this.bytes += sizeBytes;
    if (isWholeOrFirst) this.files++;
    top.addFile(sizeBytes, isWholeOrFirst);
  }
}

/** A directory of a volume of which something is wanted. */
interface ChosenRun {
  readonly run: DirectoryRun;
  readonly choice: RunChoice;
  readonly table: EntryTable;
  /** Names of the directory that are not of the point. */
  readonly hidden: ReadonlySet<string> | undefined;
}

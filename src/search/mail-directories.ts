import { isMessageAt } from '../archive/entry-kind.js';
import type { IndexedDirectory } from '../archive/headers/header-index.js';
import type { ReadArchive } from '../archive/verify.js';
import {
  type DirectoryRun,
  directoryRuns,
} from '../archive/zip/directory-runs.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { placeOf } from '../store/entry-place.js';
import { MailIndex } from '../store/mailboxes.js';
import { holdsMessages } from '../store/message-file.js';
import { parseStorePath, type StoreDirectory } from '../store/store-path.js';

/** The directories below `mail/` of all archives, each with a number. */
export class MailDirectories {
  readonly #paths: string[];
  readonly #places: (StoreDirectory | undefined)[];
  readonly #numbers: Map<string, number>;
  readonly #withMessages: Set<number>;
  /** By entry names: archives of other programs begin them otherwise. */
  readonly #byPrefix = new Map<string, number | undefined>();

  /** @param known the first of them */
  constructor(known: readonly IndexedDirectory[]) {
    this.#paths = known.map(({ path }) => path);
    this.#places = this.#paths.map((path) => parseStorePath(path));
    this.#numbers = new Map(this.#paths.map((path, number) => [path, number]));
    this.#withMessages = new Set(
      known.flatMap(({ hasMessages }, number) => (hasMessages ? number : [])),
    );
  }

  /** Adds the directories of an archive. */
  addArchive({ archive }: ReadArchive): void {
    for (const { table } of archive.volumes) {
      for (const run of directoryRuns(table)) {
        const number = this.#add(run.prefix);
        if (number !== undefined && hasMessage(table, run)) {
          this.#withMessages.add(number);
        }
      }
    }
  }

  /** The number of a directory by its entry name; undefined where it is none of the mail. */
  numberOf(prefix: string): number | undefined {
    return this.#byPrefix.get(prefix);
  }

  placeOf(directory: number): StoreDirectory | undefined {
    return this.#places[directory];
  }

  /** The mailboxes and folders, whatever is in them. */
  get mailboxes(): MailIndex {
    const index = new MailIndex();

    for (const [number, place] of this.#places.entries()) {
      if (place) index.add(place, 0, this.#withMessages.has(number) ? 1 : 0);
    }

    return index;
  }

  /** @param isCovered says for the number of a directory whether its messages are among the records */
  describe(isCovered: (directory: number) => boolean): IndexedDirectory[] {
    return this.#paths.map((path, number) => ({
      path,
      hasMessages: this.#withMessages.has(number),
      isCovered: isCovered(number),
    }));
  }

  #add(prefix: string): number | undefined {
    if (this.#byPrefix.has(prefix)) return this.#byPrefix.get(prefix);

    const path = placeOf(prefix)?.path;
    const place = path === undefined ? undefined : parseStorePath(path);
    const number =
      path === undefined || !place ? undefined : this.#enter(path, place);

    this.#byPrefix.set(prefix, number);

    return number;
  }

  #enter(path: string, place: StoreDirectory): number {
    const known = this.#numbers.get(path);
    if (known !== undefined) return known;

    const number = this.#paths.push(path) - 1;
    this.#places.push(place);
    this.#numbers.set(path, number);

    return number;
  }
}

function hasMessage(table: EntryTable, run: DirectoryRun): boolean {
  const isInMail = holdsMessages(run.prefix);

  for (let index = run.start; index < run.end; index++) {
    if (isMessageAt(table, index, isInMail)) return true;
  }

  return false;
}

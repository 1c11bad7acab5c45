import {
  type CountableBase,
  eachDeletedName,
  type ListLimit,
  limitFor,
} from './read/read-deleted.js';
import { fileNameAt } from './entry-kind.js';
import type { ReadArchive } from './verify.js';
import { directoryRuns } from './zip/directory-runs.js';
import type { EntryTable } from './zip/entry-table.js';

/** Entry names of a base that its differential replaces or deletes, directory by directory. */

/** Entries of a differential next to each other that lie in one directory. */
interface HidingRun {
  readonly table: EntryTable;
  readonly start: number;
  readonly end: number;
}

/** What a differential decides about one directory. */
interface HiddenDirectory {
  readonly runs: HidingRun[];
  /** The names below the directory that were deleted, in lines. */
  deleted: readonly string[];
}

/** No line of a list holds it. */
const LINE_END = '\n';

/** The names of one directory are in memory as names, for as long as no other is asked for. */
export class HiddenNames {
  readonly #directories = new Map<string, HiddenDirectory>();
  #recent:
    | { readonly prefix: string; readonly names: ReadonlySet<string> }
    | undefined;

  constructor({ archive }: ReadArchive, deleted: DeletedNames | undefined) {
    for (const { table } of archive.volumes) {
      for (const { prefix, start, end } of directoryRuns(table)) {
        this.#of(prefix).runs.push({ table, start, end });
      }
    }

    for (const [prefix, lines] of deleted?.byDirectory ?? []) {
      this.#of(prefix).deleted = lines;
    }
  }

  /** The hidden entry names of a directory; undefined where it has none. @param prefix its entry name, with `/` */
  get(prefix: string): ReadonlySet<string> | undefined {
    const directory = this.#directories.get(prefix);
    if (!directory) return undefined;

    if (this.#recent?.prefix !== prefix) {
      this.#recent = { prefix, names: new Set(namesIn(prefix, directory)) };
    }

    return this.#recent.names;
  }

  #of(prefix: string): HiddenDirectory {
    const known = this.#directories.get(prefix);
    if (known) return known;

    const added = { runs: [], deleted: [] };
    this.#directories.set(prefix, added);

    return added;
  }
}

function* namesIn(
  prefix: string,
  { runs, deleted }: HiddenDirectory,
): Generator<string> {
  for (const { table, start, end } of runs) {
    for (let index = start; index < end; index++) {
      yield fileNameAt(table, index);
    }
  }

  for (const lines of deleted) {
    for (const name of lines.split(LINE_END)) yield prefix + name;
  }
}

/** The names of a `.deleted.txt`. */
export class DeletedNames {
  /** Of each directory its names below it, in lines: the list has them directory by directory. */
  readonly byDirectory = new Map<string, string[]>();
  #prefix = '';
  #begun: string[] = [];

  add(name: string): void {
    const prefix = name.slice(0, name.lastIndexOf('/', name.length - 2) + 1);
    if (prefix !== this.#prefix) this.end();

    this.#prefix = prefix;
    this.#begun.push(name.slice(prefix.length));
  }

  /** Every name was added. */
  end(): void {
    if (this.#begun.length === 0) return;

    const known = this.byDirectory.get(this.#prefix) ?? [];
    this.byDirectory.set(this.#prefix, known);
    known.push(this.#begun.join(LINE_END));
    this.#begun = [];
  }
}

/**
 * The names of `.deleted.txt`, or undefined where the archive has none.
 * @param base the full that the archive is measured against: more than its names cannot be deleted
 * @throws {DamagedArchiveError} when the list is damaged or longer than the base can need
 */
export async function readDeleted(
  { archive }: ReadArchive,
  base: CountableBase,
  limit: ListLimit = limitFor(base),
): Promise<DeletedNames | undefined> {
  const [first] = archive.volumes;
  if (!first) return undefined;

  const names = new DeletedNames();
  const hasList = await eachDeletedName(first, limit, (name) => {
    names.add(name.toString('utf8'));
  });

  names.end();

  return hasList ? names : undefined;
}

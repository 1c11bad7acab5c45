import {
  type ArchiveFiles,
  openVolumeFile,
  type VolumeFileInfo,
} from '../archive/backup-directory.js';
import {
  archivesOf,
  type HeaderIndex,
} from '../archive/headers/header-index.js';
import { archiveName, parseVolumeName } from '../archive/names.js';
import { openVolume } from '../archive/open-archive.js';
import type { Selection } from '../archive/read/read-archive.js';
import { directoryRuns } from '../archive/zip/directory-runs.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { findEntries } from '../archive/zip/find-entries.js';
import { isReadFailure } from '../archive/zip/source.js';
import { DamagedArchiveError, errnoOf, messageOf } from '../errors.js';
import type { MessageQuery } from '../mail/message-query.js';
import { entryNamesOf, placeOf } from '../store/entry-place.js';
import { sizeAt } from './index-builder.js';
import {
  findMatches,
  type SearchHit,
  type SearchOptions,
  toHit,
} from './run-search.js';

/** Reads records from the archives that have them: nothing of an index is printed, and what it says may be wrong. */

/** A message that was read and satisfies the query. */
export interface FoundRecord {
  readonly record: number;
  readonly hit: SearchHit;
  /** The number of the archive that it was read from. */
  readonly archive: number;
}

export interface ReadCandidates {
  readonly found: readonly FoundRecord[];
  /** Messages that none of their archives gives any more. */
  readonly problems: readonly {
    readonly name: string;
    readonly reason: string;
  }[];
  /** True where an archive lacks the entry that the index says it has: the index does not fit. */
  readonly isStale: boolean;
}

/** So many entries are looked for one by one in a central directory. */
const FEW_ENTRIES = 20;
/** So many records are read whole: the recover that is printed for them will not find them damaged. */
const FEW_RECORDS = 200;

/** A place where a record may be read. */
interface Attempt {
  readonly record: number;
  readonly archive: number;
  /** Undefined: any volume of the archive. */
  readonly volume: number | undefined;
}

interface Failure extends Attempt {
  readonly reason: string;
}

/** Reads records where the index says; one that is damaged there, from the next older archive that has it. */
export class CandidateReader {
  readonly #found: FoundRecord[] = [];
  readonly #problems: { name: string; reason: string }[] = [];
  #isStale = false;
  #checksWhole = false;

  constructor(
    private readonly index: HeaderIndex,
    private readonly files: readonly ArchiveFiles[],
    private readonly query: MessageQuery,
    private readonly options: SearchOptions,
  ) {}

  async read(records: readonly number[]): Promise<ReadCandidates> {
    this.#checksWhole = records.length <= FEW_RECORDS;
    const { holders, volumes } = this.index.records;

    const failures = await this.#readAll(
      records.map((record) => ({
        record,
        archive: holders[record] ?? 0,
        volume: volumes[record] ?? 0,
      })),
    );

    for (const failure of failures) await this.#readElsewhere(failure);

    return {
      found: this.#found,
      problems: this.#problems,
      isStale: this.#isStale,
    };
  }

  async #readElsewhere(failure: Failure): Promise<void> {
    const { record, archive: first } = failure;

    for (const archive of archivesOf(this.index, record)) {
      if (archive === first) continue;

      const before = this.#found.length;
      const attempt = { record, archive, volume: undefined };
      const failed = await this.#readAll([attempt], true);
      if (failed.length === 0 || this.#found.length > before) return;
    }

    const stem = this.index.archives[first]?.stem ?? '';

    this.#problems.push({
      name: this.#pathOf(record),
      reason: `${failure.reason}, in ${archiveName(stem)}`,
    });
  }

  /** @param mayLack an archive whose point has the record may have it from its full */
  async #readAll(
    attempts: readonly Attempt[],
    mayLack = false,
  ): Promise<Failure[]> {
    const failures: Failure[] = [];

    for (const [archive, own] of groupBy(attempts, ({ archive }) => archive)) {
      try {
        failures.push(...(await this.#readFrom(archive, own, mayLack)));
      } catch (error) {
        this.options.signal?.throwIfAborted();
        if (!(error instanceof DamagedArchiveError) && !isReadFailure(error)) {
          throw error;
        }

        const reason = errnoOf(error) ?? messageOf(error);
        failures.push(...own.map((attempt) => ({ ...attempt, reason })));
      }
    }

    return failures;
  }

  async #readFrom(
    archive: number,
    attempts: readonly Attempt[],
    mayLack: boolean,
  ): Promise<Failure[]> {
    const located = await this.#locate(archive, attempts);
    const present = new Set(located.flatMap(({ records }) => records));
    const missing = attempts.filter(({ record }) => !present.has(record));

    if (missing.length > 0 && !mayLack) this.#isStale = true;

    const selections = located.map(({ selection }) => selection);
    const { matches, problems } = await findMatches(selections, this.query, {
      ...this.options,
      checksWhole: this.#checksWhole,
    });

    const recordAt = (selection: number, index: number): number =>
      located[selection]?.records[index] ?? 0;

    for (const match of matches) {
      const hit = toHit(selections, match);
      const record = recordAt(match.selection, match.index);
      if (hit) this.#found.push({ record, hit, archive });
    }

    return [
      ...problems.map(({ selection, index, reason }) => ({
        record: recordAt(selection, index),
        archive,
        volume: undefined,
        reason,
      })),
      ...missing.map((attempt) => ({ ...attempt, reason: 'it is not there' })),
    ];
  }

  /** Looks the entries of records up in the central directories of an archive. */
  async #locate(
    archive: number,
    attempts: readonly Attempt[],
  ): Promise<Located[]> {
    const stem = this.index.archives[archive]?.stem;
    const files = this.files.find((one) => one.stem === stem);
    const located: Located[] = [];

    for (const file of files?.volumes ?? []) {
      const wanted = attempts.filter(
        ({ volume }) => volume === undefined || volume === numberOf(file),
      );
      if (wanted.length === 0) continue;

      const table = await this.#tableFor(file, wanted);
      located.push(this.#findIn(file, table, wanted));
    }

    return located;
  }

  /** A table with the entries: for a few of them the central directory is not parsed. */
  async #tableFor(
    file: VolumeFileInfo,
    attempts: readonly Attempt[],
  ): Promise<EntryTable> {
    if (attempts.length <= FEW_ENTRIES) {
      const paths = attempts.map(({ record }) => this.#pathOf(record));
      const names = paths.flatMap((path) => entryNamesOf('store', path));
      const source = await openVolumeFile(file);
      try {
        const few = await findEntries(source, names);
        if (few) return few;
      } finally {
        source.close();
      }
    }

    return (await openVolume(file)).table;
  }

  #findIn(
    volume: VolumeFileInfo,
    table: EntryTable,
    attempts: readonly Attempt[],
  ): Located {
    const byDirectory = groupBy(attempts, ({ record }) =>
      this.#directoryOf(record),
    );
    const indices: number[] = [];
    const records: number[] = [];

    for (const { prefix, prefixBytes, start, end } of directoryRuns(table)) {
      const own = byDirectory.get(placeOf(prefix)?.path ?? '');
      if (!own) continue;

      const byFile = groupBy(own, ({ record }) =>
        this.index.records.files.line(record),
      );

      for (let index = start; index < end; index++) {
        const same = byFile.get(table.nameAfter(index, prefixBytes));
        const found = same?.find((one) => this.#isEntryOf(one, table, index));
        if (!found) continue;

        indices.push(index);
        records.push(found.record);
      }
    }

    const own = table.gather(indices);
    const all = indices.map((_, at) => at);

    return { selection: { volume, table: own, indices: all }, records };
  }

  #isEntryOf({ record }: Attempt, table: EntryTable, index: number): boolean {
    const { crcs, sizes } = this.index.records;

    return (
      table.crc(index) === crcs[record] &&
      sizeAt(table, index) === sizes[record]
    );
  }

  #pathOf(record: number): string {
    return this.#directoryOf(record) + this.index.records.files.line(record);
  }

  #directoryOf(record: number): string {
    const { directories, records } = this.index;

    return directories[records.directories[record] ?? 0]?.path ?? '';
  }
}

/** Entries of a volume, and the record of each. */
interface Located {
  readonly selection: Selection;
  readonly records: readonly number[];
}

function numberOf({ name }: VolumeFileInfo): number {
  return parseVolumeName(name)?.volume ?? 0;
}

function groupBy<T, K>(
  items: readonly T[],
  keyOf: (item: T) => K,
): Map<K, T[]> {
  const groups = new Map<K, T[]>();

  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }

  return groups;
}

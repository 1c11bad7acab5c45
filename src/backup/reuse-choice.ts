import type { CopySource } from '../archive/write/copy-tasks.js';
import { likenessOf } from '../archive/same-file.js';
import {
  type DirectoryRun,
  directoryRuns,
} from '../archive/zip/directory-runs.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { isOwnRecord, ownRecordBytes } from '../archive/zip/own-record.js';
import type { WalkedDirectory } from '../store/list-directory.js';
import type { Component } from '../store/components.js';
import { type NameList, packNames, unpackNames } from '../store/name-list.js';
import type { PlannedFiles } from './comparison.js';
import type { ExaminedFiles } from './examine-store.js';
import { NameFinder } from './name-finder.js';
import type { ReadVolume } from './reuse-volume.js';

/**
 * The choice of the records that a full copies out of older archives: of each file that is unchanged, the newest. It is made
 * volume by volume, so that the entries of one volume are in memory at a time. Pure.
 *
 *   store            differential        full                copied
 *   a.eml            none                the same a.eml      out of the full
 *   b.eml            the same b.eml      another b.eml       out of the differential
 *   c.eml            none                another c.eml       nothing: it is read
 */

/** The records of one volume that are to be copied. */
export interface ChosenRecords extends Pick<CopySource, 'groups'> {
  /** From 1 on, counted through all archives. */
  readonly number: number;
  readonly files: number;
  readonly storedBytes: number;
}

/** The files of one directory, or some of them, and where each has its record. */
interface KnownFiles extends Pick<ExaminedFiles, 'result' | 'first'> {
  readonly directory: WalkedDirectory;
  /** The place of the first file in the directory's list, and that behind the last. */
  readonly from: number;
  readonly to: number;
  /** From 1 on. */
  readonly group: number;
  /** For each file the number of a volume, from 1 on; 0 for one without a record. */
  readonly volumes: Uint32Array;
}

/** A volume that is looked through. */
interface Looked {
  /** From 1 on, counted through all archives. */
  readonly number: number;
  readonly table: EntryTable;
  readonly takenAtTicks: bigint;
}

export class ReuseChoice {
  readonly #directories = new Map<string, KnownFiles[]>();
  /** Those of each component, in the archive's order. */
  readonly #groups = new Map<Component, KnownFiles[]>();
  #looked = 0;

  constructor(private readonly volumeLimitBytes: number) {}

  /** Takes files of the store, components in the archive's order. */
  add(
    component: Component,
    { directory, files, result, first }: ExaminedFiles,
  ): void {
    const group = this.#groups.get(component) ?? [];
    this.#groups.set(component, group);

    const pieces = this.#directories.get(directory.prefix) ?? [];
    const before = pieces.at(-1);
    const from = before?.directory === directory ? before.to : 0;

    const known = {
      directory,
      from,
      to: from + files.count,
      result,
      first,
      group: this.#groups.size,
      volumes: new Uint32Array(files.count),
    };

    group.push(known);
    // Single files, which may be links, are always read.
    if (!directory.identity) return;

    pieces.push(known);
    this.#directories.set(directory.prefix, pieces);
  }

  /** Chooses among the records of a volume, for files that have none yet: the newest archive comes first. */
  choose({ table }: ReadVolume, takenAtTicks: bigint): ChosenRecords {
    const number = ++this.#looked;
    const looked = { number, table, takenAtTicks };
    const groups = new Uint8Array(table.count);
    let files = 0;
    let storedBytes = 0;
    const finders = new Finders();

    for (const run of directoryRuns(table)) {
      const pieces = this.#directories.get(run.prefix) ?? [];
      const [first] = pieces;
      if (!first) continue;

      const finder = finders.of(run, first.directory.files);

      for (let index = run.start; index < run.end; index++) {
        if (table.isDirectory(index)) continue;

        const place = finder.find(table, index);
        const known = pieces.find(({ to }) => place < to);
        if (!known || !this.#take(looked, index, known, place)) continue;

        groups[index] = known.group;
        files++;
        storedBytes += ownRecordBytes(table, index);
      }
    }

    return { number, groups, files, storedBytes };
  }

  /** The files of each component that have no record. */
  rest(): PlannedFiles[][] {
    return [...this.#groups.values()].map((group) => filesWith(group, 0));
  }

  /** The files of a group whose records lie in a volume. */
  filesIn(volume: number, group: number): PlannedFiles[] {
    return filesWith([...this.#groups.values()][group - 1] ?? [], volume);
  }

  /** The directory that an entry's file lies in. */
  directoryOf(entryName: string): WalkedDirectory | undefined {
    const prefix = entryName.slice(0, entryName.lastIndexOf('/') + 1);

    return this.#directories.get(prefix)?.[0]?.directory;
  }

  /** Notes the record as that of a file, where the file has none and is the same. */
  #take(
    looked: Looked,
    index: number,
    known: KnownFiles,
    place: number,
  ): boolean {
    const at = place - known.from;
    if (known.volumes[at] !== 0) return false;
    if (!isOwnRecord(looked.table, index, this.volumeLimitBytes)) return false;
    if (!isSameFile(looked, index, known, at)) return false;

    known.volumes[at] = looked.number;

    return true;
  }
}

/** The files whose records lie in a volume; 0: that have none. */
function filesWith(
  group: readonly KnownFiles[],
  volume: number,
): PlannedFiles[] {
  return group.flatMap(({ directory, from, to, volumes }) => {
    if (!volumes.includes(volume)) return [];

    const names = unpackNames(directory.files).slice(from, to);
    const own = names.filter((_, at) => volumes[at] === volume);

    return [{ directory, names: packNames(own) }];
  });
}

/**
 * Size, time and mode are those of the record, and prove something. A time that moved makes another file, whatever its content:
 * the record has the old one.
 */
function isSameFile(
  { table, takenAtTicks }: Looked,
  index: number,
  { result, first }: KnownFiles,
  at: number,
): boolean {
  const column = first + at;
  if (table.mode(index) !== result.modes[column]) return false;

  const entry = {
    sizeBytes: table.size(index),
    mtimeTicks: table.mtimeTicks(index),
    precision: table.precision(index),
    takenAtTicks,
  };

  const file = {
    sizeBytes: result.sizes[column] ?? -1,
    mtimeTicks: result.mtimes[column] ?? 0n,
  };

  const crc = result.crcs[column];

  return (
    likenessOf(entry, file) === 'same' &&
    (crc === undefined || crc === table.crc(index))
  );
}

/** Records of a directory stand together, or in turns with those of as many directories as there were threads. */
const FINDERS = 16;

/** The finders of the directories whose records were met last. */
class Finders {
  readonly #finders = new Map<string, NameFinder>();

  of({ prefix, prefixBytes }: DirectoryRun, files: NameList): NameFinder {
    const found = this.#finders.get(prefix);
    const finder = found ?? new NameFinder(files, prefixBytes);

    this.#finders.delete(prefix);
    this.#finders.set(prefix, finder);

    const [oldest] = this.#finders.keys();
    if (this.#finders.size > FINDERS && oldest !== undefined) {
      this.#finders.delete(oldest);
    }

    return finder;
  }
}

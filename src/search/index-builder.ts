import type { ChainIndex } from '../archive/chain-index.js';
import { isMessageAt } from '../archive/entry-kind.js';
import { findNameFault, isSurelyHarmless } from '../archive/entry-names.js';
import type { RecordColumns } from '../archive/headers/header-index.js';
import { RecordTable } from '../archive/headers/record-table.js';
import { parseVolumeName } from '../archive/names.js';
import type { OpenVolume } from '../archive/open-archive.js';
import {
  type DirectoryRun,
  directoryRuns,
} from '../archive/zip/directory-runs.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { msOfTicks } from '../platform/file-times.js';
import { holdsMessages } from '../store/message-file.js';
import type { MailDirectories } from './mail-directories.js';
import { visitVisible } from './visible-entries.js';

/** New records, and the entries that their headers are read from. */
export interface NewRecords {
  readonly volume: OpenVolume;
  /** The number of the first; the others follow it. */
  readonly first: number;
  readonly indices: readonly number[];
}

/** The entry belongs to no record. */
const NO_RECORD = -1;

/** Where the entry of a record lies: an archive by its number, and the number of a volume. */
interface Holder {
  readonly archive: number;
  readonly volume: number;
}

/** Adds the messages of one point after the other to a table of records, and notes which record is in which point. */
export class IndexBuilder {
  readonly #table: RecordTable;
  /** The record of each entry of a volume. */
  readonly #recordsOf = new WeakMap<EntryTable, Int32Array>();
  /** Entries whose names no safe tool would give back. */
  readonly harmful: string[] = [];

  /**
   * @param stems of all archives, oldest first
   * @param isWanted says for the number of a directory whether its messages become records
   * @param known records of an earlier search
   */
  constructor(
    private readonly stems: readonly string[],
    private readonly directories: MailDirectories,
    private readonly isWanted: (directory: number) => boolean,
    known: RecordColumns | undefined,
  ) {
    this.#table = new RecordTable(stems.length, known);
  }

  get records(): RecordColumns {
    return this.#table.columns;
  }

  /** Adds a point. @returns the records that are new, in their order */
  addPoint(chain: ChainIndex): NewRecords[] {
    const added: NewRecords[] = [];
    const point = this.stems.indexOf(chain.point.facts.files.stem);
    const last = chain.archives.at(-1);

    for (const opened of chain.archives) {
      const archive = this.stems.indexOf(opened.facts.files.stem);

      for (const volume of opened.archive.volumes) {
        const records = this.#enter(volume, added);
        const holder = { archive, volume: numberOf(volume) };

        if (opened === last) {
          for (const record of records) this.#see(record, point, holder);
        } else if (chain.knowsDeletions) {
          visitVisible(volume.table, chain.hidden, (index) => {
            this.#see(records[index] ?? NO_RECORD, point, holder);
          });
        }
      }
    }

    return added;
  }

  #see(record: number, point: number, holder: Holder): void {
    if (record !== NO_RECORD) this.#table.see(record, point, holder);
  }

  /** The records of a volume's entries. */
  #enter(volume: OpenVolume, added: NewRecords[]): Int32Array {
    const { table } = volume;
    const known = this.#recordsOf.get(table);
    if (known) return known;

    const records = new Int32Array(table.count).fill(NO_RECORD);
    const first = this.#table.count;
    const indices: number[] = [];

    this.#recordsOf.set(table, records);
    added.push({ volume, first, indices });

    for (const run of directoryRuns(table)) {
      const directory = this.directories.numberOf(run.prefix);
      if (directory === undefined || !this.isWanted(directory)) continue;
      if (!holdsMessages(run.prefix)) continue;

      for (let index = run.start; index < run.end; index++) {
        if (!this.#isMessage(table, index)) continue;

        const before = this.#table.count;
        const record = this.#find(table, run, index, directory);

        records[index] = record;
        if (record === before) indices.push(index);
      }
    }

    return records;
  }

  #find(
    table: EntryTable,
    { prefixBytes }: DirectoryRun,
    index: number,
    directory: number,
  ): number {
    const start = table.nameStart(index);

    return this.#table.findOrAdd(
      {
        directory,
        bytes: table.names,
        from: start + prefixBytes,
        to: start + table.nameLength(index),
        sizeBytes: sizeAt(table, index),
        crc: table.crc(index),
      },
      msOfTicks(table.mtimeTicks(index)),
    );
  }

  #isMessage(table: EntryTable, index: number): boolean {
    if (!isMessageAt(table, index, true)) return false;

    const start = table.nameStart(index);
    const end = start + table.nameLength(index);
    if (isSurelyHarmless(table.names, start, end)) return true;
    if (!isHarmful(table.name(index))) return true;

    this.harmful.push(table.name(index));

    return false;
  }
}

/** The size of an entry's file, also where it was split. */
export function sizeAt(table: EntryTable, index: number): number {
  return table.piece(index)?.totalBytes ?? table.size(index);
}

/** A volume's number; the file of an archive that was renamed is its first. */
function numberOf({ file }: OpenVolume): number {
  return parseVolumeName(file.name)?.volume ?? 0;
}

/** Says whether a name leads somewhere else, or moves the cursor; what only Windows forbids can be shown. */
function isHarmful(name: string): boolean {
  return findNameFault(name)?.onlyOnWindows === false;
}

import { isMessageAt } from '../archive/entry-kind.js';
import { likenessOf } from '../archive/same-file.js';
import { isReadFailure } from '../archive/zip/source.js';
import { KmsError } from '../errors.js';
import type { Component } from '../store/components.js';
import { placeOf } from '../store/entry-place.js';
import type { WalkedDirectory } from '../store/list-directory.js';
import { hasMessageName, holdsMessages } from '../store/message-file.js';
import {
  NameCursor,
  type NameList,
  packNames,
  unpackNames,
} from '../store/name-list.js';
import { VANISHED } from '../store/stat-tasks.js';
import type { BaseFiles, TakenEntry } from './base-files.js';
import { type BaseIndex, type EntryStamp, stampOf } from './base-index.js';
import {
  type Change,
  CHANGES,
  changeAt,
  type ChangeCounts,
  type Comparison,
  countNothing,
  NO_RECORD,
  type PlannedFiles,
} from './comparison.js';
import type { ExaminedFiles } from './examine-store.js';
import { PlainComparison } from './plain-comparison.js';
import { RecordSet } from './record-set.js';

/**
 * The store beside the full that a differential is measured against, one directory after the other. Contents that have to
 * decide are asked of a reader that the caller gives.
 *
 *   store            full             comparison
 *   a.eml, 12 bytes  none             new
 *   b.eml, 12 bytes  b.eml, 10 bytes  changed, at the record of b.eml
 *   c.eml            the same c.eml   unchanged, at the record of c.eml
 *   none             d.eml            deleted
 */

/** Files of one directory, in columns. */
export interface ComparedFiles {
  readonly directory: WalkedDirectory;
  readonly files: NameList;
  /** The place in `CHANGES` of each file. */
  readonly changes: Uint8Array;
  /** The record of each file in the base, or `NO_RECORD`. */
  readonly records: Int32Array;
}

/** What else was found in the store, when all of it was listed. */
export interface ListedNames {
  /** The entry names of the directories that are there, with `/`. */
  readonly directories: Iterable<string>;
  /** Says of an entry name that it was not looked at, because it was skipped or left out on purpose. */
  readonly isUnseen: (name: string) => boolean;
  /** The components that were looked for: of others nothing counts as deleted. */
  readonly components: readonly Component[];
}

/** Gives the CRC-32 of a file's content. */
export type ReadChecksum = (directory: WalkedDirectory, name: string) => number;

/** The full cannot be read any more; the cause says why. */
export class UnusableBase extends Error {}

/** Measures files against the base as they come, and finds at the end what only the base has. */
export class StoreComparison {
  readonly #groups = new Map<Component, PlannedFiles[]>();
  readonly #messages: ChangeCounts = countNothing();
  /** The records that the store still has. */
  readonly #seen: RecordSet;

  constructor(
    private readonly base: BaseIndex,
    private readonly readChecksum: ReadChecksum,
  ) {
    this.#seen = new RecordSet(base.size);
  }

  /**
   * Takes files of one directory; those of a component come together, in the archive's order.
   * @throws {UnusableBase} when the base cannot be read any more
   */
  async add(
    component: Component,
    examined: ExaminedFiles,
  ): Promise<ComparedFiles> {
    const files = await this.#filesIn(examined.directory.prefix);
    const compared = this.#compare(examined, files);

    this.#note(compared);
    this.#plan(component, compared);

    return compared;
  }

  /** @throws {UnusableBase} as `add` does */
  async finish(store: ListedNames): Promise<Comparison> {
    for (const entryName of store.directories) {
      const own = this.base.ownEntry(entryName);
      if (own) this.#seen.add(own.record);
    }

    return {
      groups: [...this.#groups.values()],
      messages: this.#messages,
      deleted: await this.#findDeleted(store),
    };
  }

  async #filesIn(prefix: string): Promise<BaseFiles> {
    try {
      return await this.base.filesIn(prefix);
    } catch (error) {
      if (!(error instanceof KmsError) && !isReadFailure(error)) throw error;

      throw new UnusableBase('the base cannot be read', { cause: error });
    }
  }

  #compare(examined: ExaminedFiles, base: BaseFiles): ComparedFiles {
    const { directory, files, result, first } = examined;
    const changes = new Uint8Array(files.count).fill(UNCHANGED);
    const records = new Int32Array(files.count);
    const plain = new PlainComparison(result, this.base.takenAtTicks);
    const isInMail = holdsMessages(directory.prefix);
    const cursor = new NameCursor(files);
    let names: readonly string[] | undefined;

    while (!cursor.isAtEnd) {
      const { place } = cursor;
      const next = base.takeNext(cursor);

      if (next && plain.isUnchanged(next, first + place)) {
        records[place] = next.record;
        if (isMessageAt(next.table, next.index, isInMail)) {
          this.#messages.unchanged++;
        }
      } else {
        names ??= unpackNames(files);

        const named = { base, next, name: names[place] ?? '' };
        const found = this.#compareNamed(examined, place, named);

        changes[place] = CHANGES.indexOf(found.change);
        records[place] = found.record;
      }

      cursor.advance();
    }

    return { directory, files, changes, records };
  }

  /** Compares a file by its name, and counts it where it is a message. */
  #compareNamed(
    examined: ExaminedFiles,
    place: number,
    { base, next, name }: NamedFile,
  ): { readonly change: Change; readonly record: number } {
    const { directory } = examined;
    const record = next?.record ?? base.find(name);
    const readCrc = (): number => this.readChecksum(directory, name);

    const change = this.#compareFile(
      { files: base, record },
      factsAt(examined, place),
      readCrc,
    );

    if (holdsMessages(directory.prefix) && hasMessageName(name)) {
      this.#messages[change]++;
    }

    return { change, record: record ?? NO_RECORD };
  }

  #compareFile(
    { files, record }: { files: BaseFiles; record: number | undefined },
    file: FileFacts,
    readCrc: () => number,
  ): Change {
    if (file.sizeBytes === VANISHED) return 'vanished';
    if (record === undefined) return 'new';

    const { table, index } = files.entryAt(record);
    const likeness = compareStamps(this.base, stampOf(table, index), file);
    if (likeness === 'other') return 'changed';
    if (likeness === 'same') return 'unchanged';
    // Of a file in pieces no entry has the checksum of the whole.
    if (table.piece(index)) return 'changed';

    return table.crc(index) === (file.crc ?? readCrc())
      ? 'unchanged'
      : 'changed';
  }

  /** Notes which records the store still has. */
  #note({ changes, records }: ComparedFiles): void {
    for (const [place, record] of records.entries()) {
      const isThere = changeAt(changes, place) !== 'vanished';
      if (record !== NO_RECORD && isThere) this.#seen.add(record);
    }
  }

  /** Plans what changed. What vanished is among it: the packer looks again, and counts it. */
  #plan(
    component: Component,
    { directory, files, changes }: ComparedFiles,
  ): void {
    const group = this.#groups.get(component) ?? [];
    this.#groups.set(component, group);
    if (changes.every((change) => change === UNCHANGED)) return;

    const changed = unpackNames(files).filter(
      (_, place) => changes[place] !== UNCHANGED,
    );

    group.push({
      directory,
      names: packNames(changed),
    });
  }

  /**
   * The entries of the base that the store no longer has. What is there and was skipped (a directory that could not be
   * listed, a link in the place of a folder) is not called deleted, and neither is what is left out on purpose: its mail in the
   * full stays recoverable.
   */
  async #findDeleted(store: ListedNames): Promise<string[]> {
    const { base } = this;
    const deleted: string[] = [];
    const components = new Set(store.components);

    const tell = (name: string): void => {
      const component = placeOf(name)?.component;
      const isWanted = component && components.has(component);

      if (isWanted && !store.isUnseen(name)) deleted.push(name);
    };

    for (const prefix of base.prefixes) {
      const own = base.ownEntry(prefix);
      if (own && !this.#seen.has(own.record)) tell(prefix);
      if (base.hasAll(prefix, this.#seen)) continue;

      for (const name of this.#unseenIn(await this.#filesIn(prefix))) {
        tell(prefix + name);
      }
    }

    return deleted;
  }

  /** A name that an archive has twice is there if one of the two is. */
  #unseenIn(files: BaseFiles): string[] {
    const isSeen = new Map<string, boolean>();
    for (const [name, record] of files.names()) {
      isSeen.set(name, this.#seen.has(record) || isSeen.get(name) === true);
    }

    return [...isSeen].filter(([, seen]) => !seen).map(([name]) => name);
  }
}

const UNCHANGED = CHANGES.indexOf('unchanged');

/** Says whether a directory's own entry differs from that of the base, in mode or time. @param entryName with `/` */
export function isDirectoryChanged(
  base: BaseIndex,
  entryName: string,
  { mtimeTicks, mode }: Pick<FileFacts, 'mtimeTicks' | 'mode'>,
): boolean {
  const own = base.ownEntry(entryName);
  if (own === undefined) return true;

  const facts = { sizeBytes: 0, mtimeTicks, mode, crc: undefined };

  // A directory has no content that could decide.
  return compareStamps(base, own, facts) === 'other';
}

/** A file of the store by its name. */
interface NamedFile {
  /** What the base has in its directory. */
  readonly base: BaseFiles;
  /** Its entry, where that was the next one. */
  readonly next: TakenEntry | undefined;
  readonly name: string;
}

/** A file as the file system has it now. */
interface FileFacts {
  /** Bytes, `VANISHED` or `UNKNOWN`. */
  readonly sizeBytes: number;
  readonly mtimeTicks: bigint;
  readonly mode: number;
  /** Undefined: size and time decide. */
  readonly crc: number | undefined;
}

function factsAt({ result, first }: ExaminedFiles, place: number): FileFacts {
  const column = first + place;

  return {
    sizeBytes: result.sizes[column] ?? VANISHED,
    mtimeTicks: result.mtimes[column] ?? 0n,
    mode: result.modes[column] ?? 0,
    crc: result.crcs[column],
  };
}

/** Other modes make another file, and so does another time. Where size and time prove nothing the content decides. */
function compareStamps(
  { takenAtTicks }: BaseIndex,
  entry: EntryStamp,
  file: FileFacts,
): 'same' | 'other' | 'content decides' {
  if (!isSameMode(entry.mode, file.mode)) return 'other';

  // Copying all fields of an unknown object costs more than the comparison.
  const facts = {
    sizeBytes: entry.sizeBytes,
    mtimeTicks: entry.mtimeTicks,
    precision: entry.precision,
    takenAtTicks,
  };

  const likeness = likenessOf(facts, file);
  if (likeness === 'other size') return 'other';
  if (file.crc !== undefined) return 'content decides';
  if (likeness === 'other time') return 'other';

  return likeness === 'same' ? 'same' : 'content decides';
}

/** An archive that does not say the mode has the same as any file. */
function isSameMode(entryMode: number, fileMode: number): boolean {
  return entryMode === 0 || (entryMode & 0o7777) === (fileMode & 0o7777);
}

import type { Component } from '../store/components.js';
import { placeOf } from '../store/entry-place.js';
import type { BaseEntry, BaseIndex } from './base-index.js';
import type { ExaminedFiles } from './examine-store.js';
import { likenessOf } from '../archive/same-file.js';
import { isIn } from '../store/entry-place.js';
import { wholeSize } from '../archive/entry-kind.js';
import { VANISHED } from '../store/stat-tasks.js';
import type { WalkedDirectory } from '../store/list-directory.js';

/**
 * The store beside the full that a differential is measured against. Pure: contents that have to decide are asked of a
 * reader that the caller gives.
 *
 *   store            full             comparison
 *   a.eml, 12 bytes  none             new
 *   b.eml, 12 bytes  b.eml, 10 bytes  changed, at the record of b.eml
 *   c.eml            the same c.eml   unchanged, at the record of c.eml
 *   none             d.eml            deleted
 */

/**
 * A listed file, measured against the base. One that vanished after it was listed is neither: the packer looks for it
 * again, and what the base has of it is deleted.
 */
export type Change = (typeof CHANGES)[number];

const CHANGES = ['new', 'changed', 'unchanged', 'vanished'] as const;
/** The record of a file that the base does not have. */
const NO_RECORD = -1;

/** Files of one directory, and where the first of them stands in the columns of its group. */
interface ComparedFiles {
  readonly directory: WalkedDirectory;
  readonly names: readonly string[];
  readonly first: number;
}

/** The files of one component, in columns: a million messages must not become a million objects. */
export interface ComparedGroup {
  readonly files: readonly ComparedFiles[];
  /** The place in `CHANGES` of each file. */
  readonly changes: Uint8Array;
  /** The record of each file in the base, or `NO_RECORD`; empty where there is no base. */
  readonly records: Int32Array;
}

export interface Comparison {
  /** One a component, in the archive's order. */
  readonly groups: readonly ComparedGroup[];
  /** The entry names that the base has and the store no longer has; directories end in `/`. */
  readonly deleted: readonly string[];
}

/** The store as it was listed and examined. */
export interface ExaminedStore {
  /** One list a component, in the archive's order. */
  readonly groups: readonly (readonly ExaminedFiles[])[];
  /** The entry names of the directories that are there, with `/`. */
  readonly directories: readonly string[];
  /** The entry names of what is there and was not listed. */
  readonly skipped: readonly string[];
  /** The components that were looked for: of others nothing counts as deleted. */
  readonly components: readonly Component[];
}

/** Gives the CRC-32 of a file's content. */
export type ReadChecksum = (directory: WalkedDirectory, name: string) => number;

/** Measures every file against the base, and finds what only the base has. */
export function compareStore(
  store: ExaminedStore,
  base: BaseIndex,
  readChecksum: ReadChecksum,
): Comparison {
  const seen = new Uint8Array(base.size);
  const groups = store.groups.map((files) =>
    compareGroup(files, base, readChecksum),
  );

  for (const group of groups) markSeen(group, seen);

  for (const entryName of store.directories) {
    const record = base.find(entryName);
    if (record !== undefined) seen[record] = 1;
  }

  return { groups, deleted: [...findDeleted(store, base, seen)] };
}

/** Without a base every file is new. */
export function compareWithNothing(
  groups: readonly (readonly WalkedDirectory[])[],
): Comparison {
  const compared = groups.map((directories): ComparedGroup => {
    const files: ComparedFiles[] = [];
    let count = 0;

    for (const directory of directories) {
      files.push({ directory, names: directory.files, first: count });
      count += directory.files.length;
    }

    return {
      files,
      changes: new Uint8Array(count).fill(CHANGES.indexOf('new')),
      records: new Int32Array(0),
    };
  });

  return { groups: compared, deleted: [] };
}

/** The change of the file at a place in the columns. */
export function changeAt({ changes }: ComparedGroup, column: number): Change {
  return CHANGES[changes[column] ?? 0] ?? 'new';
}

/** The record of that file in the base; undefined where the base has no such file. */
export function recordAt(
  { records }: ComparedGroup,
  column: number,
): number | undefined {
  const record = records[column] ?? NO_RECORD;
  return record === NO_RECORD ? undefined : record;
}

/** Says whether a directory's own entry differs from that of the base, in mode or time. @param entryName with `/` */
export function isDirectoryChanged(
  base: BaseIndex,
  entryName: string,
  { mtimeTicks, mode }: Pick<FileFacts, 'mtimeTicks' | 'mode'>,
): boolean {
  const record = base.find(entryName);
  if (record === undefined) return true;

  const facts = { sizeBytes: 0, mtimeTicks, mode, crc: undefined };

  return !isUnchanged(base, base.entryAt(record), facts, undefined);
}

function compareGroup(
  files: readonly ExaminedFiles[],
  base: BaseIndex,
  readChecksum: ReadChecksum,
): ComparedGroup {
  const count = files.reduce((sum, { names }) => sum + names.length, 0);
  const changes = new Uint8Array(count);
  const records = new Int32Array(count).fill(NO_RECORD);
  const compared: ComparedFiles[] = [];
  let at = 0;

  for (const examined of files) {
    const { directory, names } = examined;
    compared.push({ directory, names, first: at });

    for (const [place, name] of names.entries()) {
      const record = base.findIn(directory.prefix, name);
      const facts = factsAt(examined, place);
      const readCrc = (): number => readChecksum(directory, name);

      changes[at] = CHANGES.indexOf(compareFile(base, record, facts, readCrc));
      records[at] = record ?? NO_RECORD;
      at++;
    }
  }

  return { files: compared, changes, records };
}

/** Notes which records the store still has. */
function markSeen({ changes, records }: ComparedGroup, seen: Uint8Array): void {
  const vanished = CHANGES.indexOf('vanished');

  for (let at = 0; at < records.length; at++) {
    const record = records[at] ?? NO_RECORD;
    if (record !== NO_RECORD && changes[at] !== vanished) seen[record] = 1;
  }
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

function compareFile(
  base: BaseIndex,
  record: number | undefined,
  file: FileFacts,
  readCrc: () => number,
): Change {
  if (file.sizeBytes === VANISHED) return 'vanished';
  if (record === undefined) return 'new';

  return isUnchanged(base, base.entryAt(record), file, readCrc)
    ? 'unchanged'
    : 'changed';
}

/**
 * Other modes make another file, and so does another time. Where size and time prove nothing the content decides.
 * @param readCrc undefined for directories: they have no content
 */
function isUnchanged(
  base: BaseIndex,
  { table, index }: BaseEntry,
  file: FileFacts,
  readCrc: (() => number) | undefined,
): boolean {
  if (!isSameMode(table.mode(index), file.mode)) return false;

  const likeness = likenessOf(
    {
      sizeBytes: wholeSize(table, index),
      mtimeTicks: table.mtimeTicks(index),
      precision: table.precision(index),
      takenAtTicks: base.takenAtTicks,
    },
    file,
  );

  if (likeness === 'other size') return false;

  if (file.crc === undefined) {
    if (likeness === 'other time') return false;
    if (!readCrc || likeness === 'same') return true;
  }

  // Of a file in pieces no entry has the checksum of the whole.
  if (table.piece(index)) return false;

  return table.crc(index) === (file.crc ?? readCrc?.());
}

/** An archive that does not say the mode has the same as any file. */
function isSameMode(entryMode: number, fileMode: number): boolean {
  return entryMode === 0 || (entryMode & 0o7777) === (fileMode & 0o7777);
}

/**
 * The entries of the base that the store no longer has. What is there and was skipped (a directory that could not be
 * listed, a link in the place of a folder) is not called deleted: its mail in the full stays recoverable.
 */
function* findDeleted(
  store: ExaminedStore,
  base: BaseIndex,
  seen: Uint8Array,
): Generator<string> {
  const components = new Set(store.components);
  const skipped = new Set(store.skipped.map((name) => name.replace(/\/$/, '')));

  for (const [name, record] of base.entries()) {
    if (seen[record] === 1) continue;

    const place = placeOf(name);
    if (place && components.has(place.component) && !isIn(skipped, name)) {
      yield name;
    }
  }
}

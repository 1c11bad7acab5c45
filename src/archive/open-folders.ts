import { KmsError } from '../errors.js';
import type { ArchiveFacts } from './archive-facts.js';
import { withSummary } from './check-folders.js';
import { openVolumeFile, type VolumeFileInfo } from './backup-directory.js';
import {
  areSameRuns,
  type FolderRun,
  mailboxOf,
  parseFolders,
  runsOfTable,
} from './folder-index.js';
import { countedMailboxOf } from '../store/mail-names.js';
import type { ArchiveType } from './names.js';
import type { OpenVolume, ReadableArchive } from './open-archive.js';
import { setExtents } from './zip/entry-extents.js';
import { type EntryTable, EntryTableBuilder } from './zip/entry-table.js';
import {
  findCentralDirectory,
  parsePlainCentralDirectory,
} from './zip/plain-central-directory.js';
import type { RandomAccessSource } from './zip/source.js';

/** More entries than these are read volume by volume. */
const MOST_ENTRIES = 20_000;

/** Says whether records of a directory may be wanted. */
export type IsWantedRun = (run: FolderRun) => boolean;

type Folders = readonly (readonly FolderRun[])[] | undefined;

const foldersOfArchives = new WeakMap<
  ArchiveFacts,
  { readonly folders: Folders }
>();

/** The folders that an archive says it has, volume by volume; undefined where it does not, or anything speaks against it. */
export function foldersOf(facts: ArchiveFacts): Folders {
  const known = foldersOfArchives.get(facts) ?? { folders: findFolders(facts) };
  foldersOfArchives.set(facts, known);

  return known.folders;
}

function findFolders({ files, summary, damage, fault }: ArchiveFacts): Folders {
  const isWhole =
    fault === undefined &&
    damage.length === 0 &&
    files.missingVolumes.length === 0;
  const folders = isWhole ? summary?.folders : undefined;
  const volumes = folders === undefined ? undefined : parseFolders(folders);

  return volumes?.length === files.volumes.length &&
    hasAllMailboxes(volumes.flat(), files.type, summary?.mailboxes)
    ? volumes
    : undefined;
}

/** A full has at least the messages that its summary counts, mailbox by mailbox. */
function hasAllMailboxes(
  runs: readonly FolderRun[],
  type: ArchiveType,
  mailboxes: ReadonlyMap<string, number> | undefined,
): boolean {
  if (!mailboxes || type === 'differential') return true;

  const counts = new Map<string, number>();

  for (const [directory, entries] of countEntries(runs)) {
    const mailbox = countedMailboxOf(directory);
    if (mailbox === undefined) continue;

    counts.set(mailbox, (counts.get(mailbox) ?? 0) + entries);
  }

  return [...mailboxes].every(
    ([mailbox, messages]) => (counts.get(mailbox) ?? 0) >= messages,
  );
}

/** The entries by mailbox, by that one's directory: a mailbox has many runs, and what it is called is found out once. */
function countEntries(runs: readonly FolderRun[]): Map<string, number> {
  const counts = new Map<string, number>();

  for (const { prefix, areDirectories, entries } of runs) {
    if (areDirectories) continue;

    const directory = mailboxOf(prefix);
    counts.set(directory, (counts.get(directory) ?? 0) + entries);
  }

  return counts;
}

/**
 * Reads the records of some folders, with the folders beside each. Undefined where anything is not as the index says: then everything is
 * to be read.
 */
export async function openFolders(
  facts: ArchiveFacts,
  isWanted: IsWantedRun,
): Promise<ReadableArchive | undefined> {
  const { files } = facts;
  const folders = foldersOf(facts);
  if (!folders) return undefined;

  const wanted = folders.flat().filter(isWanted);
  const entries = wanted.reduce((sum, run) => sum + run.entries, 0);
  if (entries > MOST_ENTRIES) return undefined;

  const volumes: OpenVolume[] = [];

  for (const [at, file] of files.volumes.entries()) {
    const runs = folders[at] ?? [];
    const isLast = at === files.volumes.length - 1;
    const table = await readFolders(file, { runs, isLast, isWanted });
    if (!table) return undefined;

    volumes.push({ file, table, digest: '' });
  }

  return { files, volumes, lost: [], digest: undefined };
}

/** The folders of one volume. */
interface VolumeFolders {
  readonly runs: readonly FolderRun[];
  /** The summary itself follows all that it can name. */
  readonly isLast: boolean;
  readonly isWanted: IsWantedRun;
}

async function readFolders(
  file: VolumeFileInfo,
  folders: VolumeFolders,
): Promise<EntryTable | undefined> {
  const source = await openVolumeFile(file);

  try {
    const place = await findCentralDirectory(source);
    const runs = place && runsFor(place, folders);
    if (!runs) return undefined;

    const rows = builderFor(runs.filter(folders.isWanted));

    for (const window of windowsOf(runs, folders.isWanted)) {
      const table = await readWindow(source, place.offset, window);
      if (!table) return undefined;

      addRows(rows, table, window, folders.isWanted);
    }

    return rows.build();
  } catch (error) {
    if (error instanceof KmsError) return undefined;

    throw error;
  } finally {
    source.close();
  }
}

/** The runs, which must fill the whole directory, with that of the summary. */
function runsFor(
  place: { readonly length: number; readonly entries: number },
  { runs, isLast }: VolumeFolders,
): readonly FolderRun[] | undefined {
  const all = isLast
    ? withSummary(runs, { ...place, bytes: place.length })
    : runs;
  const entries = all.reduce((sum, run) => sum + run.entries, 0);
  const bytes = all.reduce((sum, run) => sum + run.bytes, 0);
  const hasOneMore =
    runs.reduce((left, run) => left - run.entries, entries) === 1;

  return entries === place.entries &&
    bytes === place.length &&
    hasOneMore === isLast &&
    all.every((run) => run.entries > 0 && run.bytes > 0)
    ? all
    : undefined;
}

/** Runs that are read together: wanted ones and their neighbours. */
interface Window {
  readonly runs: readonly FolderRun[];
  /** The first record's place in the central directory. */
  readonly offset: number;
}

function* windowsOf(
  runs: readonly FolderRun[],
  isWanted: IsWantedRun,
): Generator<Window> {
  const wanted = runs.map(isWanted);
  let window: FolderRun[] = [];
  let offset = 0;
  let end = 0;

  for (const [at, run] of runs.entries()) {
    if (wanted[at - 1] || wanted[at] || wanted[at + 1]) {
      if (window.length === 0) offset = end;
      window.push(run);
    } else if (window.length > 0) {
      yield { runs: window, offset };
      window = [];
    }

    end += run.bytes;
  }

  if (window.length > 0) yield { runs: window, offset };
}

/** The records of a window; undefined where they are not those that the index names. */
async function readWindow(
  source: RandomAccessSource,
  directoryOffset: number,
  { runs, offset }: Window,
): Promise<EntryTable | undefined> {
  const length = runs.reduce((sum, run) => sum + run.bytes, 0);
  const bytes = await source.read(directoryOffset + offset, length);
  const table = parsePlainCentralDirectory({ bytes });
  if (!table || !areSameRuns(runsOfTable(table), runs)) return undefined;

  for (let index = 1; index < table.count; index++) {
    if (table.headerOffset(index - 1) >= table.headerOffset(index)) {
      return undefined;
    }
  }

  return setExtents(table, directoryOffset, source.name);
}

/** Room for the entries of some runs; their records are longer than their names. */
function builderFor(runs: readonly FolderRun[]): EntryTableBuilder {
  const entries = runs.reduce((sum, run) => sum + run.entries, 0);
  const bytes = runs.reduce((sum, run) => sum + run.bytes, 0);

  return new EntryTableBuilder(entries, bytes);
}

function addRows(
  rows: EntryTableBuilder,
  table: EntryTable,
  { runs }: Window,
  isWanted: IsWantedRun,
): void {
  let start = 0;

  for (const run of runs) {
    const end = start + run.entries;

    for (let index = start; isWanted(run) && index < end; index++) {
      rows.add(table.rowAt(index));
      rows.setExtentEnd(rows.count - 1, table.extentEnd(index));
    }

    start = end;
  }
}

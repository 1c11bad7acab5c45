import { DamagedArchiveError } from '../errors.js';
import { holdsMessages } from '../store/message-file.js';
import {
  type CheckedEntries,
  checkMeetings,
  damaged,
  HINTS,
} from './check-meetings.js';
import { NamePrints } from './zip/check-clashes.js';
import { type DirectoryRun, directoryRuns } from './zip/directory-runs.js';
import {
  findNameFault,
  isSurelyHarmless,
  LONGEST_PATH_BYTES,
} from './entry-names.js';
import type { EntryTable } from './zip/entry-table.js';
import { isMessageAt, isOwnTextAt } from './entry-kind.js';
import { Pieces } from './check-pieces.js';
import type { ArchiveFiles } from './backup-directory.js';
import type { OpenArchive, OpenVolume } from './open-archive.js';
import { findFalseFolders } from './check-folders.js';
import type { ReadProblem } from './read/read-tasks.js';
import type { Indices } from './read/indices.js';
import type { SummaryText, VersionText } from './summary.js';
import { METHOD_STORED } from './zip/zip-format.js';

/** The facts of an archive's entries, without a read of their data. */
export interface StructureReport {
  readonly entries: number;
  readonly files: number;
  readonly messages: number;
  readonly totalBytes: number;
  /** Names that only Windows forbids; refused there, reported elsewhere. */
  readonly windowsNames: readonly string[];
  /** Wrong statements of the archive about itself, where no data is damaged. */
  readonly warnings: readonly string[];
  /** Wrong statements that are in nobody's way who reads everything. */
  readonly problems: readonly ReadProblem[];
}

/** The volumes that can be looked into. */
export type Volumes = Pick<OpenArchive, 'files' | 'volumes'>;

/** The statements of an archive about itself. */
interface SelfDescription {
  readonly summary: SummaryText | undefined;
  readonly version: VersionText | undefined;
}

const NOTHING: SelfDescription = { summary: undefined, version: undefined };

const WINDOWS_HINTS = [
  'Only Windows forbids that name. Recover on Linux or macOS, or what does not hold it with -d, -u and -f.',
];
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
/** Info-ZIP marks what it read from a pipe so; it is a file like any other, and is written as one. */
const S_IFIFO = 0o010000;

/**
 * Checks names, duplicates, types, declared sizes, parts and the summary's counts of all entries, before any is read.
 * @param archive with all its volumes
 * @throws {DamagedArchiveError} naming the first entry that no safe tool would recover
 */
export function checkStructure(
  archive: Volumes,
  { summary, version }: SelfDescription = NOTHING,
): StructureReport {
  const checked = checkEntries(allOf(archive));
  if (!summary) return checked;

  checkVolumes(archive, summary);

  const report = { ...checked, problems: findFalseFolders(archive, summary) };

  const difference = findDifference(archive.files.stem, summary, report);
  if (difference === undefined) return report;

  // The server's way to count is known from few archives: its summary is no reason to refuse what is whole.
  const isServers = version !== undefined && version.tool === undefined;
  const saysSomething = summary.fileCount > 0 || summary.totalBytes > 0;
  if (isServers && saysSomething) {
    return { ...report, warnings: [...report.warnings, difference] };
  }

  throw new DamagedArchiveError(difference, { hints: HINTS });
}

/**
 * The same for some of the entries: what is not wanted is not judged.
 * @param indices of each volume
 */
export function checkSelected(
  archive: Volumes,
  indices: readonly Indices[],
): StructureReport {
  const stem = archive.files.stem;
  const entries = indices.reduce((sum, own) => sum + own.length, 0);

  // Made anew whenever they are gone through: the chosen entries may be nearly all.
  const volumes = {
    *[Symbol.iterator]() {
      for (const [at, { file, table }] of archive.volumes.entries()) {
        yield { file, table: table.gather(indices[at] ?? []) };
      }
    },
  };

  return checkEntries({ stem, entries, volumes });
}

/** The same for the volumes that are left where others are lost: what a file lacks may lie in those. */
export function checkPresent(archive: Volumes): StructureReport {
  return checkEntries(allOf(archive), false);
}

function allOf({ files: { stem }, volumes }: Volumes): CheckedEntries {
  const entries = volumes.reduce((sum, { table }) => sum + table.count, 0);

  return { stem, entries, volumes };
}

function checkEntries(
  checked: CheckedEntries,
  hasAllPieces = true,
): StructureReport {
  const { stem, entries, volumes } = checked;
  const windowsNames: string[] = [];
  let files = 0;
  let messages = 0;
  let totalBytes = 0;

  const pieces = new Pieces();
  const prints = new NamePrints(entries);

  for (const { table, file } of volumes) {
    prints.add(table);

    for (const run of directoryRuns(table)) {
      checkNames(table, run, file.name, windowsNames);
      messages += countMessages(table, run);
    }

    for (let index = 0; index < table.count; index++) {
      checkFields(table, index, file.name);

      const isFile = pieces.add(table, index);
      if (table.isDirectory(index) || isOwnTextAt(table, index)) continue;

      totalBytes += table.size(index);
      if (isFile) files++;
    }
  }

  if (hasAllPieces) pieces.check(stem);
  checkMeetings(checked, prints);

  return {
    entries,
    files,
    messages,
    totalBytes,
    windowsNames,
    warnings: [],
    problems: [],
  };
}

function countMessages(table: EntryTable, run: DirectoryRun): number {
  const isInMail = holdsMessages(run.prefix);
  let messages = 0;

  for (let index = run.start; index < run.end; index++) {
    if (isMessageAt(table, index, isInMail)) messages++;
  }

  return messages;
}

/** The directory's part of the names is looked at once for a whole run. */
function checkNames(
  table: EntryTable,
  run: DirectoryRun,
  volume: string,
  windowsNames: string[],
): void {
  const bytes = table.names;
  const first = table.nameStart(run.start);
  const isPrefixHarmless =
    run.prefixBytes === 0 ||
    isSurelyHarmless(bytes, first, first + run.prefixBytes);

  for (let index = run.start; index < run.end; index++) {
    const start = table.nameStart(index);
    const length = table.nameLength(index);

    if (
      isPrefixHarmless &&
      isSurelyHarmless(bytes, start + run.prefixBytes, start + length) &&
      length <= LONGEST_PATH_BYTES
    ) {
      continue;
    }

    if (hasOnlyWindowsFault(table.name(index), volume)) {
      windowsNames.push(table.name(index));
    }
  }
}

/**
 * Says whether only Windows forbids the name, which elsewhere is reported.
 * @throws {DamagedArchiveError} for a name that this system, or every system, must refuse
 */
function hasOnlyWindowsFault(name: string, volume: string): boolean {
  const fault = findNameFault(name);
  if (!fault) return false;
  if (fault.onlyOnWindows && process.platform !== 'win32') return true;

  const hints = fault.onlyOnWindows ? WINDOWS_HINTS : HINTS;

  throw damaged(volume, name, `has ${fault.reason} in its name`, hints);
}

function checkFields(table: EntryTable, index: number, volume: string): void {
  const fault = findFieldFault(table, index);
  if (fault !== undefined) throw damaged(volume, table.name(index), fault);
}

/** Says whether a mode is a file's; that of an archive that says none is. */
export function isFileMode(mode: number): boolean {
  const type = mode & S_IFMT;

  return type === 0 || type === S_IFREG || type === S_IFIFO;
}

/** The same for a directory's. */
export function isDirectoryMode(mode: number): boolean {
  const type = mode & S_IFMT;

  return type === 0 || type === S_IFDIR;
}

/** Why no safe tool would recover an entry, whatever its data are: a link, a claim that deflate cannot keep. */
export function findFieldFault(
  table: EntryTable,
  index: number,
): string | undefined {
  const mode = table.mode(index);
  if (!isFileMode(mode) && !isDirectoryMode(mode)) {
    return 'is a link or a device';
  }

  const [size, compressed] = [table.size(index), table.compressedSize(index)];
  if (table.method(index) === METHOD_STORED && size !== compressed) {
    return 'is stored, but its two sizes differ';
  }

  if (table.isDirectory(index) && size !== 0) {
    return 'is a directory with content';
  }

  // Deflate cannot pack more than 1,032 to 1 (RFC 1951: 258 bytes for two bits).
  return size > 1032 * compressed + 64
    ? `claims ${size} bytes from ${compressed}`
    : undefined;
}

/** An archive by the digests of its volumes. */
export interface DigestedVolumes {
  readonly files: Pick<ArchiveFiles, 'stem'>;
  readonly volumes: readonly Pick<OpenVolume, 'file' | 'digest'>[];
}

/** Checks that the volumes are those that the summary was written with. @throws {DamagedArchiveError} */
export function checkVolumes(
  { files: { stem }, volumes }: DigestedVolumes,
  { volumeDigests }: SummaryText,
): void {
  for (const [index, digest] of volumeDigests.entries()) {
    const volume = volumes[index];
    if (digest !== '' && volume && volume.digest !== digest) {
      throw new DamagedArchiveError(
        `${volume.file.name} is not the volume that ${stem} was written with`,
        {
          hints: [
            'Copy the volumes of one archive together; those of two archives were mixed.',
          ],
        },
      );
    }
  }
}

function findDifference(
  stem: string,
  summary: SummaryText,
  found: StructureReport,
): string | undefined {
  if (
    summary.fileCount === found.files &&
    summary.totalBytes === found.totalBytes
  ) {
    return undefined;
  }

  return `${stem} holds ${found.files} files with ${found.totalBytes} bytes, its summary says ${summary.fileCount} with ${summary.totalBytes}`;
}

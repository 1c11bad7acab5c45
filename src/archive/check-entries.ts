import { holdsMessages } from '../store/message-file.js';
import {
  type CheckedEntries,
  checkMeetings,
  damaged,
  HINTS,
} from './check-meetings.js';
import { Pieces } from './check-pieces.js';
import { isMessageAt, isOwnTextAt } from './entry-kind.js';
import {
  findNameFault,
  isSurelyHarmless,
  LONGEST_PATH_BYTES,
} from './entry-names.js';
import type { ReadProblem } from './read/read-tasks.js';
import { NamePrints } from './zip/check-clashes.js';
import { type DirectoryRun, directoryRuns } from './zip/directory-runs.js';
import type { EntryTable } from './zip/entry-table.js';
import { inMemory } from './zip/window-table.js';
import { METHOD_STORED } from './zip/zip-format.js';

/** The check of entries one by one, before any of their data are read. */

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

const WINDOWS_HINTS = [
  'Only Windows forbids that name. Recover on Linux or macOS, or what does not hold it with -d, -u and -f.',
];
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
/** Info-ZIP marks what it read from a pipe so; it is a file like any other, and is written as one. */
const S_IFIFO = 0o010000;

/** @throws {DamagedArchiveError} naming the first entry that no safe tool would recover */
export function checkEntries(
  checked: CheckedEntries,
  hasAllPieces = true,
): StructureReport {
  const steps = checkStepwise(checked, hasAllPieces);
  let step = steps.next();
  while (step.done !== true) step = steps.next();

  return step.value;
}

/** The same in steps, each of them a directory's entries. */
export function* checkStepwise(
  checked: CheckedEntries,
  hasAllPieces: boolean,
): Generator<undefined, StructureReport> {
  const { stem, entries, volumes } = checked;
  const windowsNames: string[] = [];
  let files = 0;
  let messages = 0;
  let totalBytes = 0;

  const pieces = new Pieces();
  const prints = new NamePrints(entries);

  for (const { table: opened, file } of volumes) {
    const table = inMemory(opened);

    for (const run of directoryRuns(opened)) {
      checkNames(table, run, file.name, windowsNames);
      prints.addRun(table, run);
      messages += countMessages(table, run);

      for (let index = run.start; index < run.end; index++) {
        checkFields(table, index, file.name);

        const isFile = pieces.add(table, index);
        if (table.isDirectory(index) || isOwnTextAt(table, index)) continue;

        totalBytes += table.size(index);
        if (isFile) files++;
      }

      yield;
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

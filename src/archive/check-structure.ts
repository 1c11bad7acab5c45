import { DamagedArchiveError } from '../errors.js';
import { findClash, fingerprintOfName } from './check-clashes.js';
import { findNameFault, isSurelyHarmless, wholeName } from './entry-names.js';
import type { EntryTable } from './entry-table.js';
import { isMessageAt, isOwnTextAt } from './entry-kind.js';
import type { OpenArchive } from './open-archive.js';
import type { SummaryText } from './summary.js';
import { METHOD_STORED } from './zip-format.js';

/** A table's entry. */
interface EntryRef {
  readonly table: EntryTable;
  readonly index: number;
}

/** What the entries of an archive say without reading their data. */
export interface StructureReport {
  readonly entries: number;
  readonly files: number;
  readonly messages: number;
  readonly totalBytes: number;
  /** Names that only Windows forbids; refused there, reported elsewhere. */
  readonly windowsNames: readonly string[];
}

const HINTS = ['The archive is damaged or was made to do harm: use another one.'];
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
/** Info-ZIP marks what it read from a pipe so; it is a file like any other, and is written as one. */
const S_IFIFO = 0o010000;

/**
 * Checks names, duplicates, types, declared sizes, parts and the summary's counts of all entries, before any is read.
 * @throws {DamagedArchiveError} naming the first entry that no safe tool would recover
 */
export function checkStructure(archive: OpenArchive, summary: SummaryText | undefined): StructureReport {
  const windowsNames: string[] = [];
  let [entries, files, messages, totalBytes] = [0, 0, 0, 0];
  const parts = new Map<string, { count: number; seen: Set<number>; bytes: number; total: number }>();
  for (const { table, file } of archive.volumes) {
    entries += table.count;
    for (let index = 0; index < table.count; index++) {
      checkEntry({ table, index }, file.name, windowsNames);
      const part = table.part(index);
      if (part) addPart(parts, table.name(index), table.size(index), part);
      if (table.isDirectory(index) || isOwnTextAt(table, index)) continue;
      totalBytes += table.size(index);
      if (!part || part.index === 0) files++;
      if (isMessageAt(table, index)) messages++;
    }
  }
  checkParts(archive.files.stem, parts);
  checkDuplicates(archive);
  const clash = findClash(archive.volumes.map(({ table }) => table));
  if (clash !== undefined) throw damaged(archive.files.stem, clash, 'is a file and a directory');
  checkSummary(archive, summary, { files, totalBytes });
  return { entries, files, messages, totalBytes, windowsNames };
}

function checkEntry({ table, index }: EntryRef, volume: string, windowsNames: string[]): void {
  const start = table.nameStart(index);
  if (!isSurelyHarmless(table.columns.nameBytes, start, start + table.nameLength(index))) {
    const fault = findNameFault(table.name(index));
    if (fault && (!fault.onlyOnWindows || process.platform === 'win32')) {
      throw damaged(volume, table.name(index), `has ${fault.reason} in its name`);
    }
    if (fault) windowsNames.push(table.name(index));
  }
  checkFields({ table, index }, volume);
}

function checkFields({ table, index }: EntryRef, volume: string): void {
  const fail = (what: string): never => {
    throw damaged(volume, table.name(index), what);
  };
  const type = table.mode(index) & S_IFMT;
  if (type !== 0 && type !== S_IFREG && type !== S_IFDIR && type !== S_IFIFO) fail('is a link or a device');
  if (table.method(index) === METHOD_STORED && table.size(index) !== table.compressedSize(index)) {
    fail('is stored, but its two sizes differ');
  }
  if (table.isDirectory(index) && table.size(index) !== 0) fail('is a directory with content');
  // Deflate cannot pack more than 1,032 to 1 (RFC 1951: 258 bytes for two bits).
  if (table.size(index) > 1032 * table.compressedSize(index) + 64) {
    fail(`claims ${table.size(index)} bytes from ${table.compressedSize(index)}`);
  }
}

function damaged(volume: string, name: string, what: string): DamagedArchiveError {
  return new DamagedArchiveError(`${volume}: entry ${JSON.stringify(name)} ${what}`, { hints: HINTS });
}

function addPart(
  parts: Map<string, { count: number; seen: Set<number>; bytes: number; total: number }>,
  name: string,
  sizeBytes: number,
  part: { index: number; count: number; totalBytes: number },
): void {
  const whole = wholeName(name);
  const known = parts.get(whole) ?? { count: part.count, seen: new Set(), bytes: 0, total: part.totalBytes };
  known.seen.add(part.index);
  known.bytes += sizeBytes;
  parts.set(whole, known);
}

function checkParts(
  stem: string,
  parts: ReadonlyMap<string, { count: number; seen: Set<number>; bytes: number; total: number }>,
): void {
  for (const [name, { count, seen, bytes, total }] of parts) {
    if (seen.size !== count || bytes !== total) {
      throw new DamagedArchiveError(`${stem}: ${JSON.stringify(name)} has ${seen.size} of its ${count} parts`, {
        hints: HINTS,
      });
    }
  }
}

function checkSummary(
  archive: OpenArchive,
  summary: SummaryText | undefined,
  found: { files: number; totalBytes: number },
): void {
  if (!summary) return;
  const { stem } = archive.files;
  for (const [index, digest] of summary.volumeDigests.entries()) {
    const volume = archive.volumes[index];
    if (digest !== '' && volume && volume.digest !== digest) {
      throw new DamagedArchiveError(`${volume.file.name} is not the volume that ${stem} was written with`, {
        hints: ['Copy the volumes of one archive together; those of two archives were mixed.'],
      });
    }
  }
  if (summary.fileCount !== found.files || summary.totalBytes !== found.totalBytes) {
    throw new DamagedArchiveError(
      `${stem} holds ${found.files} files with ${found.totalBytes} bytes, its summary says ${summary.fileCount} with ${summary.totalBytes}`,
      { hints: HINTS },
    );
  }
}

/**
 * Two files of one name: one would silently replace the other. Names are compared by a 53-bit fingerprint first, so that a
 * million of them need 8 MB.
 */
function checkDuplicates(archive: OpenArchive): void {
  const total = archive.volumes.reduce((sum, { table }) => sum + table.count, 0);
  const prints = new Float64Array(total);
  let at = 0;
  for (const { table } of archive.volumes) {
    for (let index = 0; index < table.count; index++) prints[at++] = fingerprintOfName(table, index);
  }
  prints.sort();
  const twice = new Set<number>();
  for (let index = 1; index < total; index++) {
    const print = prints[index] ?? 0;
    if (print === prints[index - 1]) twice.add(print);
  }
  if (twice.size === 0) return;
  const names = new Set<string>();
  for (const { table, file } of archive.volumes) {
    for (let index = 0; index < table.count; index++) {
      // A directory may be named more than once: it is made once.
      if (table.isDirectory(index) || !twice.has(fingerprintOfName(table, index))) continue;
      const name = table.name(index);
      if (names.has(name)) throw damaged(file.name, name, 'appears twice');
      names.add(name);
    }
  }
}

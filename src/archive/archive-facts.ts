import { messageOf } from '../errors.js';
import type { ArchiveFiles, VolumeFileInfo } from './backup-directory.js';
import { findDirectory, parsePlainDirectory, readEntries } from './central-directory.js';
import type { EntryTable } from './entry-table.js';
import { readText } from './read-text.js';
import { type RequiredFiles, readRequiredFiles } from './required-files.js';
import { openFileSource, type RandomAccessSource } from './source.js';
import {
  parseSummaryText,
  parseVersionText,
  SUMMARY_ENTRY,
  type SummaryText,
  VERSION_ENTRY,
  type VersionText,
} from './summary.js';
import { centralHeaderLength } from './volume-file.js';
import { CENTRAL_FIXED_BYTES, CENTRAL_SIGNATURE } from './zip-format.js';

/** More than the central header of a text needs. */
const EDGE_BYTES = 4 << 10;

/** What an archive says about itself, read from its first and last volume; of the others only that they are not cut off. */
export interface ArchiveFacts {
  readonly files: ArchiveFiles;
  readonly version: VersionText | undefined;
  readonly summary: SummaryText | undefined;
  /** Undefined where it cannot be read. */
  readonly required?: RequiredFiles | undefined;
  /** Why it cannot be recovered as it lies there; undefined where nothing speaks against it. */
  readonly fault: string | undefined;
}

/** Reads what an archive says about itself. Damage is a fact (`fault`), not an error. */
export async function readArchiveFacts(files: ArchiveFiles): Promise<ArchiveFacts> {
  let version: VersionText | undefined;
  let summary: SummaryText | undefined;
  try {
    const [first, last] = [files.volumes[0], files.volumes.at(-1)];
    const versionText =
      first && files.missingVolumes[0] !== 0 ? await readTextOfVolume(first, VERSION_ENTRY) : undefined;
    const summaryText = last && (await readTextOfVolume(last, SUMMARY_ENTRY));
    version = versionText === undefined ? undefined : parseVersionText(versionText);
    summary = summaryText === undefined ? undefined : parseSummaryText(summaryText);
    for (const volume of files.volumes.slice(1, -1)) await checkEnd(volume);
    const fault = findFault(files, summary);
    const required = fault === undefined ? await readRequiredFiles(files, summary) : undefined;

    return { files, version, summary, required, fault };
  } catch (error) {
    return { files, version, summary, fault: messageOf(error) };
  }
}

function findFault(files: ArchiveFiles, summary: SummaryText | undefined): string | undefined {
  const missing = files.missingVolumes.map((volume) =>
    volume === 0 ? `${files.stem}.zip` : `${files.stem}.${volume}.zip`,
  );
  if (missing.length > 0) return `volume ${missing.slice(0, 3).join(', ')} is missing`;
  if (!summary) return `it has no ${SUMMARY_ENTRY}: it is unfinished, or its last volume is missing`;
  const { volumes } = summary;
  if (volumes !== undefined && volumes !== files.volumes.length) {
    return `it has ${files.volumes.length} volumes, its summary says ${volumes}`;
  }
  return undefined;
}

/** @throws {DamagedArchiveError} when a volume does not end in a central directory: its copy was interrupted */
async function checkEnd(volume: VolumeFileInfo): Promise<void> {
  const source = openFileSource(volume.path, volume.name);
  try {
    if (!(await findDirectory(source))) await readEntries(source);
  } finally {
    source.close();
  }
}

async function readTextOfVolume(volume: VolumeFileInfo, name: string): Promise<string | undefined> {
  const source = openFileSource(volume.path, volume.name);
  try {
    const table = await findEntry(source, name);
    return table && (await readText(source, table, 0));
  } finally {
    source.close();
  }
}

/** A table of the one entry of that name; plain directories are not parsed whole for it, nor read whole where it is their first or last. */
async function findEntry(source: RandomAccessSource, name: string): Promise<EntryTable | undefined> {
  const place = await findDirectory(source);
  const header = place && ((await readEdge(source, place, name)) ?? (await scanFor(source, place, name)));
  const plain = header && parsePlainDirectory({ bytes: header, offset: place.offset, entries: 1 });
  if (plain) {
    plain.setExtentEnd(0, place.offset);
    return plain;
  }
  const { table } = await readEntries(source);
  for (let index = 0; index < table.count; index++) {
    if (table.name(index) === name) return table.gather([index]);
  }
  return undefined;
}

interface DirectoryPlace {
  readonly offset: number;
  readonly length: number;
}

/** The central header of that name where it is the directory's first or last: the texts of ours and of the server's archives. */
async function readEdge(source: RandomAccessSource, place: DirectoryPlace, name: string): Promise<Buffer | undefined> {
  const length = Math.min(place.length, EDGE_BYTES);
  const head = await source.read(place.offset, length);
  if (isHeaderOf(head, 0, name)) return head.subarray(0, centralHeaderLength(head, 0));
  const tail = await source.read(place.offset + place.length - length, length);
  const at = tail.lastIndexOf(name) - CENTRAL_FIXED_BYTES;
  const isLast = isHeaderOf(tail, at, name) && at + centralHeaderLength(tail, at) === tail.length;
  return isLast ? tail.subarray(at) : undefined;
}

async function scanFor(source: RandomAccessSource, place: DirectoryPlace, name: string): Promise<Buffer | undefined> {
  const bytes = await source.read(place.offset, place.length);
  for (let at = 0; at + CENTRAL_FIXED_BYTES <= bytes.length; at += centralHeaderLength(bytes, at)) {
    if (isHeaderOf(bytes, at, name)) return bytes.subarray(at, at + centralHeaderLength(bytes, at));
  }
  return undefined;
}

function isHeaderOf(bytes: Buffer, at: number, name: string): boolean {
  const nameAt = at + CENTRAL_FIXED_BYTES;
  return (
    at >= 0 &&
    nameAt + name.length <= bytes.length &&
    bytes.readUInt32LE(at) === CENTRAL_SIGNATURE &&
    bytes.readUInt16LE(at + 28) === name.length &&
    bytes.toString('latin1', nameAt, nameAt + name.length) === name
  );
}

import { isDirectoryMode, isFileMode } from '../check-entries.js';
import { openVolumeFile, type ArchiveFiles } from '../backup-directory.js';
import { parseVolumeName } from '../names.js';
import { combineDigests } from '../combine-digests.js';
import type { OpenVolume } from '../open-archive.js';
import { holdsMessages } from '../../store/message-file.js';
import { isMessageAt, isOwnTextAt } from '../entry-kind.js';
import type { EntryTable } from '../zip/entry-table.js';
import { type DirectoryRun, directoryRuns } from '../zip/directory-runs.js';
import type { SummaryText } from '../summary.js';
import { SlidingWindow } from '../zip/sliding-window.js';
import { localHeaderLengthAt, parseLocalEntry } from '../zip/local-row.js';
import { floorDivide } from '../../platform/file-times.js';
import { Turns } from '../../platform/turns.js';
import { centralHeaderLength } from '../zip/central-headers.js';
import { centralExtraBytes } from '../zip/extra-fields.js';
import { readCentralDirectory } from '../zip/plain-central-directory.js';
import { putCentralHeader } from '../zip/put-headers.js';
import { SkippingSource } from '../zip/skipping-source.js';
import type { RandomAccessSource } from '../zip/source.js';
import { CENTRAL_FIXED_BYTES, LOCAL_FIXED_BYTES } from '../zip/zip-format.js';

/** A volume whose names were compared with those in its local headers. */
interface ComparedVolume extends OpenVolume {
  readonly haveTwoNames: boolean;
}

/** Which volumes of an archive are its own. */
export interface Origin {
  /** The names of volumes that another archive was written with. */
  readonly foreign: ReadonlySet<string>;
  readonly digest: string | undefined;
  /** A central directory is damaged: the digest proves nothing. */
  readonly isInDoubt: boolean;
  readonly notes: readonly string[];
}

/**
 * Compares the volumes with the digests in the summary. A digest differs for one of two reasons: the central directory is
 * damaged, or the volume is another archive's. The first shows: local headers say something else; or all volumes together hold
 * exactly what the summary counts.
 */
export async function judgeOrigin(
  volumes: readonly ComparedVolume[],
  files: ArchiveFiles,
  summary: SummaryText | undefined,
): Promise<Origin> {
  const foreign = new Set<string>();
  const notes: string[] = [];

  for (const volume of volumes) {
    const { name } = volume.file;
    const state = await stateOf(volume, volumes, summary);

    if (state === 'foreign') foreign.add(name);
    if (state === 'scanned') {
      notes.push(
        `the list of entries of ${name} is damaged: its entries were found by their own headers`,
      );
    }

    if (state === 'damaged') {
      notes.push(
        `the list of entries of ${name} is damaged, and was compared with the entries' own headers`,
      );
    }
  }

  return {
    foreign,
    isInDoubt: notes.length > 0 || volumes.some((own) => own.haveTwoNames),
    notes: [...notes, ...noteUnknown(volumes, files, summary)],
    digest: digestOf(volumes, files),
  };
}

/** How the central directory of a volume is: found sound, as far as anything tells; or why not. */
type VolumeState = 'sound' | 'scanned' | 'damaged' | 'foreign';

async function stateOf(
  volume: ComparedVolume,
  volumes: readonly OpenVolume[],
  summary: SummaryText | undefined,
): Promise<VolumeState> {
  if (volume.digest === '') return 'scanned';
  if (!summary || !isContradicted(volume, summary)) return 'sound';

  const isOwn =
    volume.haveTwoNames ||
    !(await isConsistent(volume)) ||
    hasAllOf(volumes, summary);

  return isOwn ? 'damaged' : 'foreign';
}

function isContradicted(
  { file, digest }: OpenVolume,
  { volumeDigests }: SummaryText,
): boolean {
  const expected = volumeDigests[parseVolumeName(file.name)?.volume ?? 0] ?? '';

  return expected !== '' && digest !== expected;
}

function digestOf(
  volumes: readonly OpenVolume[],
  { missingVolumes }: ArchiveFiles,
): string | undefined {
  const digests = volumes.map(({ digest }) => digest);
  const areKnown = missingVolumes.length === 0 && !digests.includes('');

  return areKnown ? combineDigests(digests) : undefined;
}

/** Where nothing says which volumes were written together, or a damaged one cannot be compared. */
function noteUnknown(
  volumes: readonly OpenVolume[],
  { stem, missingVolumes }: ArchiveFiles,
  summary: SummaryText | undefined,
): string[] {
  const isOne = volumes.length + missingVolumes.length < 2;
  const isKnown =
    (summary?.volumeDigests.some(Boolean) ?? false) &&
    volumes.every(({ digest }) => digest !== '');

  return isOne || isKnown
    ? []
    : [`that all volumes of ${stem} were written together cannot be proven`];
}

/** Says whether volumes hold what their summary counts. */
export function hasAllOf(
  volumes: readonly OpenVolume[],
  { fileCount, totalBytes, messages }: SummaryText,
): boolean {
  const found = { files: 0, bytes: 0, messages: 0 };
  for (const { table } of volumes) {
    for (const run of directoryRuns(table)) countRun(table, run, found);
  }

  return (
    found.files === fileCount &&
    found.bytes === totalBytes &&
    found.messages === (messages ?? found.messages)
  );
}

function countRun(
  table: EntryTable,
  { prefix, start, end }: DirectoryRun,
  found: { files: number; bytes: number; messages: number },
): void {
  const isInMail = holdsMessages(prefix);

  for (let index = start; index < end; index++) {
    if (table.isDirectory(index) || isOwnTextAt(table, index)) continue;

    if ((table.piece(index)?.index ?? 0) === 0) found.files++;
    if (isMessageAt(table, index, isInMail)) found.messages++;
    found.bytes += table.size(index);
  }
}

/** Says whether every central header of a volume fits the local header that it names. */
export async function isConsistent({
  file,
  table,
}: OpenVolume): Promise<boolean> {
  const source = new SkippingSource(await openVolumeFile(file));
  const window = new SlidingWindow(source);
  const turns = new Turns();

  try {
    for (let index = 0; index < table.count; index++) {
      await turns.pass();
      if (!(await fitsLocal(window, table, index))) return false;
    }

    return await isAsWritten(source, table);
  } finally {
    source.close();
  }
}

/**
 * Says whether no header differs from what this program writes while most do not: fields that the local header does not have, such
 * as the system and two more copies of the time.
 */
async function isAsWritten(
  source: RandomAccessSource,
  table: EntryTable,
): Promise<boolean> {
  const central = await readCentralDirectory(source);
  if (!central) return true;

  let at = 0;
  let different = 0;

  for (let index = 0; index < table.count; index++) {
    const row = table.rowAt(index);
    const header = Buffer.alloc(
      CENTRAL_FIXED_BYTES +
        row.name.length +
        centralExtraBytes(row.piece !== undefined),
    );

    putCentralHeader(header, 0, row, row.headerOffset);
    if (!central.bytes.subarray(at, at + header.length).equals(header)) {
      different++;
    }

    at += centralHeaderLength(central.bytes, at);
  }

  return different === 0 || different * 2 > table.count;
}

async function fitsLocal(
  window: SlidingWindow,
  table: OpenVolume['table'],
  index: number,
): Promise<boolean> {
  const offset = table.headerOffset(index);
  const fixed = await window.at(offset, LOCAL_FIXED_BYTES);
  const length = localHeaderLengthAt(fixed) ?? 0;
  const local = parseLocalEntry(await window.at(offset, length), offset);
  if (!local) return false;

  const { row } = local;
  const isFitting = table.isDirectory(index) ? isDirectoryMode : isFileMode;

  return (
    table.nameBytes(index).equals(row.name) &&
    row.crc === table.crc(index) &&
    row.sizeBytes === table.size(index) &&
    row.compressedBytes === table.compressedSize(index) &&
    row.method === table.method(index) &&
    isFitting(table.mode(index)) &&
    secondsOf(row.mtimeTicks) === secondsOf(table.mtimeTicks(index))
  );
}

function secondsOf(ticks: bigint): bigint {
  return floorDivide(ticks, 10_000_000n);
}

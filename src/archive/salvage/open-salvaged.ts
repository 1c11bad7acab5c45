import { createHash } from 'node:crypto';
import { DamagedArchiveError } from '../../errors.js';
import {
  type ArchiveFiles,
  openVolumeFile,
  type VolumeFileInfo,
} from '../backup-directory.js';
import { formatCount, plural } from '../../platform/units.js';
import { formatVolumeName } from '../names.js';
import type { OpenVolume } from '../open-archive.js';
import { readText } from '../read/read-text.js';
import {
  parseSummaryText,
  parseVersionText,
  SUMMARY_ENTRY,
  type SummaryText,
  VERSION_ENTRY,
} from '../summary.js';
import type { ReadArchive } from '../verify.js';
import { refuseTooManyDirectories } from '../zip/directory-levels.js';
import {
  type LenientEntries,
  readEntriesLeniently,
} from '../zip/lenient-entries.js';
import { isReadFailure } from '../zip/source.js';
import { inferPieces } from './infer-pieces.js';
import { judgeOrigin } from './judge-origin.js';
import { mendEntry } from './mend-entry.js';
import { type Missing, missingPart } from './missing.js';
import { type ReconciledNames, reconcileNames } from './reconcile-headers.js';
import { type SalvageControl, scanRulesFor, tableOf } from './prove-row.js';

/** An archive of which every entry is known that anything in it still names; none of their data are proven. */
export interface SalvagedArchive extends ReadArchive {
  /** What is missing as a whole: volumes, texts, the entries behind a damaged header. */
  readonly missing: readonly Missing[];
  readonly notes: readonly string[];
  /** Some of what tells it from other archives is damaged: its digest proves nothing. */
  readonly isInDoubt: boolean;
}

/** A volume, and how its entries were found. */
interface ReadVolume extends OpenVolume, Omit<ReconciledNames, 'table'> {
  readonly entries: Omit<LenientEntries, 'table'>;
}

/**
 * Reads an archive as far as anything of it can be read, whatever it lacks.
 * @throws {DamagedArchiveError} where that would be more than any archive holds · {Error} the operating system's
 */
export async function openSalvaged(
  files: ArchiveFiles,
  control: SalvageControl,
): Promise<SalvagedArchive> {
  const { stem } = files;
  const found = await reconcile(await readVolumes(files, control), control);

  refuseTooManyDirectories(files, found);

  const version = await findText(found, VERSION_ENTRY, control);
  const summary = await findText(found, SUMMARY_ENTRY, control);
  const texts = {
    version: version === undefined ? undefined : parseVersionText(version),
    summary: summary === undefined ? undefined : parseSummaryText(summary),
  };
  const origin = await judgeOrigin(found, files, texts.summary);
  const volumes = found.filter(({ file }) => !origin.foreign.has(file.name));

  return {
    archive: { files, volumes, lost: [], digest: origin.digest },
    facts: {
      ...{ files, ...texts, damage: [] },
      ...{ fault: undefined, unreadable: undefined },
    },
    missing: [
      ...missingVolumes(files, texts.summary),
      ...missingEnd(files, found, texts.summary),
      ...missingSummary(files, texts.summary),
      ...[...origin.foreign].map((volume) => foreignVolume(stem, volume)),
      ...volumes.flatMap((volume) => missingBehind(files, volume)),
    ],
    notes: [
      ...noteVersion(files, texts.version),
      ...origin.notes,
      ...volumes.flatMap(({ notes }) => notes),
      ...volumes.flatMap(noteUnreadable),
    ],
    isInDoubt: origin.isInDoubt,
  };
}

function foreignVolume(stem: string, volume: string): Missing {
  const reason = `it is not the volume that ${stem} was written with`;

  return missingPart('volume', { stem, volume }, { name: volume, reason });
}

async function readVolumes(
  files: ArchiveFiles,
  control: SalvageControl,
): Promise<ReadVolume[]> {
  const volumes: (LenientEntries & { readonly file: VolumeFileInfo })[] = [];
  for (const file of files.volumes) {
    control.signal?.throwIfAborted();

    const source = await openVolumeFile(file);
    try {
      const rules = scanRulesFor(file, control);
      volumes.push({ file, ...(await readEntriesLeniently(source, rules)) });
    } finally {
      source.close();
    }
  }

  return volumes.map(({ file, table, ...entries }) => ({
    file,
    table,
    haveTwoNames: false,
    notes: [],
    digest:
      entries.centralDirectory === undefined
        ? ''
        : createHash('sha256').update(entries.centralDirectory).digest('hex'),
    entries: { ...entries, centralDirectory: undefined },
  }));
}

/** Names that a proven central directory says are right; of the others the better one is. */
async function reconcile(
  volumes: readonly ReadVolume[],
  control: SalvageControl,
): Promise<ReadVolume[]> {
  const text = await findText(volumes, SUMMARY_ENTRY, control);
  const digests =
    text === undefined ? [] : parseSummaryText(text).volumeDigests;
  const reconciled: ReadVolume[] = [];

  for (const volume of volumes) {
    const isProven = volume.digest !== '' && digests.includes(volume.digest);
    const names = isProven
      ? undefined
      : await reconcileNames(volume.file, volume.table);

    reconciled.push(names ? { ...volume, ...names } : volume);
  }

  const tables = inferPieces(reconciled.map(({ table }) => table));

  return reconciled.map((volume, at) => ({
    ...volume,
    table: tables[at] ?? volume.table,
  }));
}

/** A text of the archive's; undefined where it is nowhere, or damaged. */
async function findText(
  volumes: readonly ReadVolume[],
  name: string,
  control: SalvageControl,
): Promise<string | undefined> {
  const wanted = Buffer.from(name);

  for (const volume of volumes) {
    for (let index = 0; index < volume.table.count; index++) {
      if (!volume.table.nameBytes(index).equals(wanted)) continue;

      const text = await readTextAt(volume, index, control);
      if (text !== undefined) return text;
    }
  }

  return undefined;
}

async function readTextAt(
  { file, table }: ReadVolume,
  index: number,
  control: SalvageControl,
): Promise<string | undefined> {
  const row = await mendEntry({ file, table }, index, control);
  if (!row) return undefined;

  const source = await openVolumeFile(file);
  try {
    return await readText(source, tableOf(row, row.extentEnd), 0);
  } catch (error) {
    if (error instanceof DamagedArchiveError || isReadFailure(error)) {
      return undefined;
    }

    throw error;
  } finally {
    source.close();
  }
}

/** The volumes that must have been there, because a later one is or the summary says so. */
function missingVolumes(
  { stem, volumes, missingVolumes: gaps }: ArchiveFiles,
  summary: SummaryText | undefined,
): Missing[] {
  const known = volumes.length + gaps.length;
  const total = Math.min(summary?.volumes ?? known, known + 1000);
  const beyond = Array.from(
    { length: Math.max(0, total - known) },
    (_, at) => known + at,
  );

  return [...gaps, ...beyond].map((number) => {
    const volume = formatVolumeName(stem, number);

    return missingPart(
      'volume',
      { stem, volume },
      {
        name: volume,
        reason: 'it is not there, and what it held is not known',
      },
    );
  });
}

/** A last volume that is whole and has no summary is not the last: that one is gone, or was never written. */
function missingEnd(
  { stem, volumes, missingVolumes: gaps }: ArchiveFiles,
  found: readonly ReadVolume[],
  summary: SummaryText | undefined,
): Missing[] {
  const isWhole = found.at(-1)?.entries.reason === undefined;
  if (summary || !isWhole) return [];

  const volume = formatVolumeName(stem, volumes.length + gaps.length);
  const reason = 'it is not there, or the archive was never finished';

  return [missingPart('volume', { stem, volume }, { name: volume, reason })];
}

function missingSummary(
  { stem }: ArchiveFiles,
  summary: SummaryText | undefined,
): Missing[] {
  if (summary) return [];

  return [
    missingPart(
      'text',
      { stem },
      {
        name: SUMMARY_ENTRY,
        reason:
          'without it nobody can tell whether the archive was finished, or has all its volumes',
      },
    ),
  ];
}

function noteVersion(
  { stem }: ArchiveFiles,
  version: ReadArchive['facts']['version'],
): string[] {
  return version
    ? []
    : [
        `${VERSION_ENTRY} of ${stem} cannot be read: its type and time are those of its name`,
      ];
}

function noteUnreadable({ file, entries }: ReadVolume): string[] {
  return entries.unreadable.map(({ start, end }) => {
    const last = end - 1;

    return `bytes ${formatCount(start)} to ${formatCount(last)} of ${file.name} cannot be read: its disk reports an error`;
  });
}

/** What damage hides in a volume: entries that nothing names. */
function missingBehind(
  { stem }: ArchiveFiles,
  { file, table, entries }: ReadVolume,
): Missing[] {
  if (!entries.mayLackEntries) return [];

  const count = plural(table.count, 'entry', 'entries');

  return [
    missingPart(
      'break',
      { stem, volume: file.name },
      {
        name: file.name,
        reason: `its list of entries is damaged or cut off; ${count} can be told, and how many more there were nobody knows`,
      },
    ),
  ];
}

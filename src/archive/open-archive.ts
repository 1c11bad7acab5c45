import { createHash } from 'node:crypto';
import { DamagedArchiveError, KmsError, messageOf } from '../errors.js';
import type { ArchiveFacts } from './archive-facts.js';
import {
  type ArchiveFiles,
  identityOf,
  openVolumeFile,
  openVolumeFileAtOnce,
  type VolumeFileInfo,
} from './backup-directory.js';
import {
  readAgain,
  readEntries,
  type VolumeEntries,
} from './zip/central-directory.js';
import { readCentralDirectory } from './zip/plain-central-directory.js';
import {
  describeLost,
  isLostVolume,
  type LostVolume,
  SALVAGE_HINT,
} from './damage.js';
import { refuseTooManyDirectories } from './zip/directory-levels.js';
import { countLevels } from './zip/directory-runs.js';
import type { EntryTable } from './zip/entry-table.js';
import { WindowTable } from './zip/window-table.js';
import { tellStep } from '../platform/steps.js';
import { combineDigests } from './combine-digests.js';
import { parseVolumeName } from './names.js';
import type { SummaryText } from './summary.js';

/** One volume with its entries. */
export interface OpenVolume {
  readonly file: VolumeFileInfo;
  readonly table: EntryTable;
  /** SHA-256 of its central directory, hexadecimal. */
  readonly digest: string;
}

/** An archive whose central directories have been read. */
export interface OpenArchive {
  readonly files: ArchiveFiles;
  readonly volumes: readonly OpenVolume[];
  readonly digest: string;
}

/** Reads the entries of one volume. @throws {DamagedArchiveError} when its structure is broken */
export async function openVolume(file: VolumeFileInfo): Promise<OpenVolume> {
  tellStep(`reading volume ${file.name}`);

  const source = await openVolumeFile(file);
  try {
    const entries = await readEntries(source);
    const digest = digestOf(entries.centralDirectory);

    const table = windowOf(file, entries);
    // What is known of the directories stays when the entries go.
    countLevels(table);

    return { file, table, digest };
  } finally {
    source.close();
  }
}

/** The digest of a volume: that of its central directory. */
export function digestOf(centralDirectory: Uint8Array): string {
  return createHash('sha256').update(centralDirectory).digest('hex');
}

/** The entries, where it can be read again, so that it need not stay in memory. */
function windowOf(
  file: VolumeFileInfo,
  { table, known }: VolumeEntries,
): EntryTable {
  if (!known || !file.storage.features.rangesAtOnce) return table;

  return new WindowTable(table, () => {
    const source = openVolumeFileAtOnce(file);
    try {
      return readAgain(source, known);
    } finally {
      source.close();
    }
  });
}

/** Reads volumes one after the other, each while the one before it is worked through. */
async function inTurn<T>(
  files: readonly VolumeFileInfo[],
  open: (file: VolumeFileInfo) => Promise<T>,
  onOpened: (opened: T) => void = () => undefined,
): Promise<T[]> {
  const opened: T[] = [];
  let next = files[0] && open(files[0]);

  for (const [at] of files.entries()) {
    const current = next;
    const following = files[at + 1];
    next = following && open(following);
    next?.catch(() => undefined);
    if (!current) continue;

    const volume = await current;
    opened.push(volume);
    onOpened(volume);
  }

  return opened;
}

/**
 * Reads every central directory of an archive, and no data.
 * @throws {DamagedArchiveError} when a volume is missing or its structure is broken
 */
export async function openArchive(files: ArchiveFiles): Promise<OpenArchive> {
  if (files.missingVolumes.length > 0) {
    throw new DamagedArchiveError(
      `${files.stem}: volume ${files.missingVolumes[0] ?? 0} is missing`,
      {
        hints: ['Copy all volumes of the archive into one directory.'],
      },
    );
  }

  const volumes = await inTurn(files.volumes, openVolume);

  refuseTooManyDirectories(files, volumes);

  const digest = combineDigests(volumes.map((volume) => volume.digest));

  digestCache.set(identityOf(files), digest);

  return { files, volumes, digest };
}

/** The volumes of an archive that can be looked into, and those that cannot. */
export interface ReadableArchive extends Pick<
  OpenArchive,
  'files' | 'volumes'
> {
  readonly lost: readonly LostVolume[];
  /** Undefined where a volume's is not known: neither from itself nor from the summary. */
  readonly digest: string | undefined;
}

/**
 * Reads every central directory that can be read. A volume that is missing, broken or of another archive is told by name.
 * @param onVolume told of each as soon as it is read
 * @throws {DamagedArchiveError} when none can be read · {Error} the operating system's
 */
export async function openReadable(
  facts: ArchiveFacts,
  onVolume?: (volume: OpenVolume) => void,
): Promise<ReadableArchive> {
  const { files, summary } = facts;
  const lost = facts.damage.filter(isLostVolume);
  const volumes: OpenVolume[] = [];
  const present = files.volumes.filter(
    ({ name }) => !lost.some(({ volume }) => volume === name),
  );

  const open = (file: VolumeFileInfo): Promise<OpenVolume | LostVolume> =>
    tryVolume(file, facts);

  await inTurn(present, open, (opened) => {
    if ('kind' in opened) {
      lost.push(opened);
      return;
    }

    volumes.push(opened);
    onVolume?.(opened);
  });

  refuseTooManyDirectories(files, volumes);

  const [first] = lost;
  if (first && volumes.length === 0) {
    throw new DamagedArchiveError(describeLost(first), { hints: LOST_HINTS });
  }

  if (lost.length > 0) {
    return { files, volumes, lost, digest: digestWithout(volumes, summary) };
  }

  const digest = combineDigests(volumes.map((volume) => volume.digest));
  digestCache.set(identityOf(files), digest);

  return { files, volumes, lost, digest };
}

const LOST_HINTS = [
  'Copy all volumes of the archive into one directory, or use another archive.',
  SALVAGE_HINT,
];

async function tryVolume(
  file: VolumeFileInfo,
  { files, summary }: ArchiveFacts,
): Promise<OpenVolume | LostVolume> {
  const place = { archive: files.stem, volume: file.name };

  try {
    const volume = await openVolume(file);
    const expected = summary?.volumeDigests[numberOf(file)] ?? '';
    if (expected === '' || volume.digest === expected) return volume;

    const reason = `${file.name} is not the volume that ${files.stem} was written with`;

    return { ...place, kind: 'central directory', reason };
  } catch (error) {
    if (!(error instanceof DamagedArchiveError)) throw error;

    return { ...place, kind: 'central directory', reason: messageOf(error) };
  }
}

/** A volume's number; the file of an archive that was renamed is its first. */
function numberOf({ name }: VolumeFileInfo): number {
  return parseVolumeName(name)?.volume ?? 0;
}

/** The summary knows the digest of every volume but the last. */
function digestWithout(
  volumes: readonly OpenVolume[],
  summary: SummaryText | undefined,
): string | undefined {
  if (summary?.volumes === undefined) return undefined;

  const known = new Map(
    volumes.map(({ file, digest }) => [numberOf(file), digest]),
  );

  const digests = Array.from(
    { length: summary.volumes },
    (_, at) => known.get(at) ?? summary.volumeDigests[at] ?? '',
  );

  return digests.includes('') ? undefined : combineDigests(digests);
}

/** A run asks several times. */
const digestCache = new Map<string, string | undefined>();

/** Spares those who ask later the reading. */
export function rememberDigest(files: ArchiveFiles, digest: string): void {
  digestCache.set(identityOf(files), digest);
}

/** The digest of an archive's central directories, without its entries; undefined where one cannot be read. */
export async function digestArchive(
  files: ArchiveFiles,
): Promise<string | undefined> {
  const key = identityOf(files);
  if (!digestCache.has(key)) digestCache.set(key, await computeDigest(files));
  return digestCache.get(key);
}

async function computeDigest(files: ArchiveFiles): Promise<string | undefined> {
  const digests: string[] = [];
  try {
    for (const volume of files.volumes) {
      const known = await volume.opener?.digestOf(volume.name);
      digests.push(known ?? (await digestVolume(volume)));
    }
  } catch (error) {
    if (error instanceof KmsError) return undefined;

    throw error;
  }

  return combineDigests(digests);
}

/** SHA-256 of the central directory of a volume, hexadecimal. */
export async function digestVolume(volume: VolumeFileInfo): Promise<string> {
  const source = await openVolumeFile(volume);
  try {
    const bytes =
      (await readCentralDirectory(source))?.bytes ??
      (await readEntries(source)).centralDirectory;

    return digestOf(bytes);
  } finally {
    source.close();
  }
}

import { createHash } from 'node:crypto';
import { DamagedArchiveError, KmsError } from '../errors.js';
import { type ArchiveFiles, identityOf, type VolumeFileInfo } from './backup-directory.js';
import { readDirectoryBytes, readEntries } from './central-directory.js';
import type { EntryTable } from './entry-table.js';
import { tellStep } from '../platform/steps.js';
import { openFileSource } from './source.js';

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
  const source = openFileSource(file.path, file.name);
  try {
    const { table, directory } = await readEntries(source);
    return { file, table, digest: createHash('sha256').update(directory).digest('hex') };
  } finally {
    source.close();
  }
}

/**
 * Reads every central directory of an archive, and no data.
 * @throws {DamagedArchiveError} when a volume is missing or its structure is broken
 */
export async function openArchive(files: ArchiveFiles): Promise<OpenArchive> {
  if (files.missingVolumes.length > 0) {
    throw new DamagedArchiveError(`${files.stem}: volume ${files.missingVolumes[0] ?? 0} is missing`, {
      hints: ['Copy all volumes of the archive into one directory.'],
    });
  }
  const opened = await Promise.allSettled(files.volumes.map(openVolume));
  const volumes = opened.map((volume) => {
    if (volume.status === 'rejected') throw volume.reason;
    return volume.value;
  });
  const digest = combineDigests(volumes.map((volume) => volume.digest));
  digestCache.set(identityOf(files), digest);
  return { files, volumes, digest };
}

/** A run asks several times. */
const digestCache = new Map<string, string | undefined>();

/** The digest of an archive's central directories, without its entries; undefined where one cannot be read. */
export async function digestArchive(files: ArchiveFiles): Promise<string | undefined> {
  const key = identityOf(files);
  if (!digestCache.has(key)) digestCache.set(key, await computeDigest(files));
  return digestCache.get(key);
}

async function computeDigest(files: ArchiveFiles): Promise<string | undefined> {
  const digests: string[] = [];
  try {
    for (const volume of files.volumes) {
      const source = openFileSource(volume.path, volume.name);
      try {
        const bytes = (await readDirectoryBytes(source))?.bytes ?? (await readEntries(source)).directory;
        digests.push(createHash('sha256').update(bytes).digest('hex'));
      } finally {
        source.close();
      }
    }
  } catch (error) {
    if (error instanceof KmsError) return undefined;
    throw error;
  }
  return combineDigests(digests);
}

/** Names an archive's content: SHA-256 over the SHA-256 of each volume's central directory, hexadecimal. */
function combineDigests(volumeDigests: readonly string[]): string {
  return createHash('sha256').update(volumeDigests.join('\n')).digest('hex');
}

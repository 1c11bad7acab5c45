/** Lists the archives of a storage by the names of its files. */
import { NotFoundError } from '../errors.js';
import { tellStep } from '../platform/steps.js';
import { type ArchiveType, parseVolumeName } from './names.js';
import type { Storage, StoredFile } from './storage.js';
import type { RandomAccessSource } from './zip/source.js';

/** One volume of an archive as it lies in its storage. */
export interface VolumeFileInfo {
  readonly storage: Storage;
  /** Its name in the storage: `F….zip.part` until it is published. */
  readonly storedAs: string;
  /** Its name in messages: `F….zip`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** The files of one archive, found by their names; nothing is said about what is in them. */
export interface ArchiveFiles {
  /** `F20060118T220007Z` */
  readonly stem: string;
  readonly type: ArchiveType;
  /** UTC */
  readonly takenAt: Date;
  /** In order; gaps are in `missingVolumes`. */
  readonly volumes: readonly VolumeFileInfo[];
  /** Volumes that must exist because a later one does. */
  readonly missingVolumes: readonly number[];
  readonly sizeBytes: number;
}

/** A storage, and the archives in it as one listing found them, oldest first. */
export interface Catalogue {
  readonly storage: Storage;
  readonly archives: readonly ArchiveFiles[];
}

/** Opens a volume to be read from anywhere; the caller closes it. */
export function openVolumeFile({
  storage,
  storedAs,
  name,
}: VolumeFileInfo): Promise<RandomAccessSource> {
  return storage.openForRanges(storedAs, name);
}

/** Tells one state of an archive's files from another: a published volume does not change. */
export function identityOf({ volumes }: ArchiveFiles): string {
  return JSON.stringify(
    volumes.map(({ storage, storedAs, sizeBytes, mtimeMs }) => [
      storage.identity,
      storedAs,
      sizeBytes,
      mtimeMs,
    ]),
  );
}

/**
 * All archives of a storage, oldest first; at one second a differential comes after its full. Files of other names are
 * not looked at.
 * @throws {NotFoundError} when the storage does not exist or is a file
 */
export async function listArchiveFiles(
  storage: Storage,
): Promise<ArchiveFiles[]> {
  tellStep(`archives of ${storage.name}`);

  return toArchives(storage, await storage.list(isVolumeName));
}

const isVolumeName = (name: string): boolean =>
  parseVolumeName(name) !== undefined;

/** The archives among the files of a storage, in the order of `listArchiveFiles`. Pure. */
export function toArchives(
  storage: Storage,
  stored: readonly StoredFile[],
): ArchiveFiles[] {
  const archives = new Map<string, Map<number, VolumeFileInfo>>();

  for (const { name, kind, sizeBytes, mtimeMs } of stored) {
    const parsed = parseVolumeName(name);
    if (!parsed || kind !== 'file') continue;

    const volumes =
      archives.get(parsed.stem) ?? new Map<number, VolumeFileInfo>();
    const volume = { storage, storedAs: name, name, sizeBytes, mtimeMs };
    archives.set(parsed.stem, volumes.set(parsed.volume, volume));
  }

  return [...archives]
    .map(([stem, volumes]) => toArchive(stem, volumes))
    .sort(
      (a, b) =>
        a.takenAt.getTime() - b.takenAt.getTime() ||
        rankOf(a.type) - rankOf(b.type),
    );
}

const rankOf = (type: ArchiveType): number => (type === 'differential' ? 1 : 0);

function toArchive(
  stem: string,
  volumes: ReadonlyMap<number, VolumeFileInfo>,
): ArchiveFiles {
  const parsed = parseVolumeName(`${stem}.zip`);
  if (!parsed) throw new Error(`${stem} is no archive's name`);

  const last = Math.max(...volumes.keys());
  const present = [...volumes]
    .sort(([a], [b]) => a - b)
    .map(([, volume]) => volume);

  return {
    stem,
    type: parsed.type,
    takenAt: parsed.takenAt,
    volumes: present,
    missingVolumes: Array.from(
      { length: Math.min(last, 100_000) },
      (_, index) => index,
    ).filter((number) => !volumes.has(number)),
    sizeBytes: present.reduce((sum, volume) => sum + volume.sizeBytes, 0),
  };
}

/**
 * The archive that a file belongs to, whichever of its volumes is named. A file of another name is an archive of its own:
 * somebody may have renamed it, and what it is its content tells.
 * @throws {NotFoundError} when there is no such file
 */
export async function findArchiveFiles(
  storage: Storage,
  name: string,
): Promise<ArchiveFiles> {
  const file = await storage.stat(name);
  if (file?.kind !== 'file') {
    throw new NotFoundError(`there is no archive ${storage.pathOf(name)}`, {
      hints: ['List what is there with list-archives DIR.'],
    });
  }

  const parsed = parseVolumeName(name);
  if (parsed) {
    const archives = await listArchiveFiles(storage);
    const archive = archives.find(({ stem }) => stem === parsed.stem);
    if (archive) return archive;
  }

  const { sizeBytes, mtimeMs } = file;

  return {
    stem: name.replace(/\.zip$/i, ''),
    type: 'full',
    takenAt: new Date(mtimeMs),
    volumes: [{ storage, storedAs: name, name, sizeBytes, mtimeMs }],
    missingVolumes: [],
    sizeBytes,
  };
}

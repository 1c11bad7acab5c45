/** Lists the archives of a storage by the names of its files. */
import { NotFoundError } from '../errors.js';
import { tellStep } from '../platform/steps.js';
import { holdsIdentity } from '../sealing/key-ring.js';
import {
  type ArchiveType,
  formatIndexCopyName,
  formatIndexName,
  formatSealedName,
  formatVolumeName,
  isSealedName,
  parsePinName,
  parseVolumeName,
  stemOfFile,
  stemOfIndexCopy,
} from './names.js';
import {
  knownPayload,
  openSealed,
  openSealedAtOnce,
} from './sealed-volumes.js';
import { newestPins } from './newest-pins.js';
import type { Storage, StoredFile } from './storage.js';
import { IndexedVolumes } from './volume-index/indexed-volumes.js';
import type { DirectWays, VolumeOpener } from './volume-index/volume-opener.js';
import type { RandomAccessSource } from './zip/source.js';

/** One volume of an archive as it lies in its storage. */
export interface VolumeFileInfo {
  readonly storage: Storage;
  /** Its name in the storage: `F….zip.part` until it is published, `F….zip.age` where it is sealed. */
  readonly storedAs: string;
  /** Its name in messages: `F….zip`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  /** Where something else than its storage opens it: the archive's index. */
  readonly opener?: VolumeOpener | undefined;
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
  /** The file beside it that says whether it is pinned; undefined where it never was. */
  readonly pinFile?: StoredFile | undefined;
  /** What some of the volumes' bytes are read from; undefined where they are read themselves. */
  readonly index?: IndexedVolumes | undefined;
}

/** A storage, and the archives in it as one listing found them, oldest first. */
export interface Catalogue {
  readonly storage: Storage;
  readonly archives: readonly ArchiveFiles[];
}

/**
 * Opens a volume to be read from anywhere; the caller closes it.
 * @throws {SealedError} where it is sealed, and no identity of this process opens it · {DamagedArchiveError} where its seal is broken
 */
export function openVolumeFile(
  file: VolumeFileInfo,
): Promise<RandomAccessSource> {
  const ways = directWaysOf(file);

  return file.opener ? file.opener.open(ways) : ways.open();
}

/** The same without waiting, of a volume that this process has opened before. */
export function openVolumeFileAtOnce(file: VolumeFileInfo): RandomAccessSource {
  const ways = directWaysOf(file);

  return file.opener ? file.opener.openAtOnce(ways) : ways.openAtOnce();
}

function directWaysOf({
  storage,
  storedAs,
  name,
}: Pick<VolumeFileInfo, 'storage' | 'storedAs' | 'name'>): DirectWays {
  const direct = {
    name,
    open: () => storage.openForRanges(storedAs, name),
    openAtOnce: () => storage.openAtOnce(storedAs, name),
  };

  if (!isSealedName(storedAs)) return direct;

  const { identity: storageIdentity, secrets } = storage;
  const place = { storageIdentity, storedAs, secrets };

  return {
    name,
    open: async () => openSealed(await direct.open(), place),
    openAtOnce: () =>
      openSealedAtOnce(direct.openAtOnce(), knownPayload(place)),
  };
}

/** The same files, read from the volumes themselves. */
export function withoutIndex(files: ArchiveFiles): ArchiveFiles {
  const volumes = files.volumes.map((file) => ({ ...file, opener: undefined }));

  return { ...files, volumes, index: undefined };
}

/** Where the index of an archive says anything else than its volumes. */
export async function findIndexFault({
  index,
  volumes,
}: ArchiveFiles): Promise<string | undefined> {
  for (const file of index ? volumes : []) {
    const fault = await index?.findFault(directWaysOf(file));
    if (fault !== undefined) return fault;
  }

  return undefined;
}

/** The name that a volume gets in a storage when it is published. */
export function storedNameOf({ isSealing }: Storage, name: string): string {
  return isSealing === true ? formatSealedName(name) : name;
}

/** Says whether a volume of an archive is sealed. */
export function isSealedArchive({ volumes }: ArchiveFiles): boolean {
  return volumes.some(({ storedAs }) => isSealedName(storedAs));
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

  return toArchives(storage, await storage.list(isArchiveFile));
}

/** Says whether a file is a volume of an archive, its index, this machine's copy of that, or its pin, by its name. */
export function isArchiveFile(name: string): boolean {
  const stem = stemOfFile(name) ?? stemOfIndexCopy(name);

  return stem !== undefined || parsePinName(name) !== undefined;
}

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
    archives.set(parsed.stem, volumes);

    // Whoever opened a volume and left it beside the sealed one means that one.
    if (parsed.isSealed && volumes.has(parsed.volume)) continue;

    volumes.set(parsed.volume, {
      storage,
      storedAs: name,
      name: formatVolumeName(parsed.stem, parsed.volume),
      sizeBytes,
      mtimeMs,
    });
  }

  const byName = new Map(stored.map((file) => [file.name, file]));
  const pins = newestPins(stored);

  return [...archives]
    .map(([stem, volumes]) => toArchive(stem, volumes))
    .map((files) => withPinFile(files, pins.get(files.stem)))
    .map((files) => withIndex(storage, files, byName))
    .sort(
      (a, b) =>
        a.takenAt.getTime() - b.takenAt.getTime() ||
        rankOf(a.type) - rankOf(b.type),
    );
}

function withPinFile(
  files: ArchiveFiles,
  pinFile: StoredFile | undefined,
): ArchiveFiles {
  return pinFile ? { ...files, pinFile } : files;
}

/**
 * A disk gives the volumes as fast as their index. The index of a sealed archive is sealed, too; another one is not its own. Who
 * cannot open it has this machine's copy.
 */
function withIndex(
  storage: Storage,
  files: ArchiveFiles,
  stored: ReadonlyMap<string, StoredFile>,
): ArchiveFiles {
  const isLocal = storage.localDirectory !== undefined;
  const name = formatIndexName(files.stem);
  const storedAs = isSealedArchive(files) ? formatSealedName(name) : name;
  const copyName = formatIndexCopyName(files.stem);
  const sizeBytes = isLocal ? undefined : stored.get(storedAs)?.sizeBytes;
  const hasCopy = isSealedArchive(files) && stored.has(copyName);
  if (sizeBytes === undefined && !hasCopy) return files;

  const index = new IndexedVolumes({
    ...files,
    ...{ name, storedAs, sizeBytes },
    open: () => directWaysOf({ storage, storedAs, name }).open(),
    canOpen: () => holdsIdentity(storage.secrets),
    copy: hasCopy
      ? {
          open: () => storage.openForRanges(copyName, name),
          findDigest: async () =>
            (await storage.readSeal?.(files.stem))?.digest,
        }
      : undefined,
  });

  return {
    ...files,
    index,
    volumes: files.volumes.map((volume) => ({ ...volume, opener: index })),
  };
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
  const file = (await storage.stat(name)) ?? (await findSealed(storage, name));
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

  const { name: storedAs, sizeBytes, mtimeMs } = file;

  return {
    stem: name.replace(/\.zip(\.age)?$/i, ''),
    type: 'full',
    takenAt: new Date(mtimeMs),
    volumes: [{ storage, storedAs, name, sizeBytes, mtimeMs }],
    missingVolumes: [],
    sizeBytes,
  };
}

/** The sealed file of an archive that goes by its plain name. */
function findSealed(
  storage: Storage,
  name: string,
): Promise<StoredFile | undefined> {
  return storage.stat(formatSealedName(name));
}

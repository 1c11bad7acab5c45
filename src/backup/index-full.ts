import { combineDigests } from '../archive/combine-digests.js';
import type { ArchiveFacts } from '../archive/archive-facts.js';
import {
  type ArchiveFiles,
  openVolumeFile,
  type VolumeFileInfo,
} from '../archive/backup-directory.js';
import { checkVolumes } from '../archive/check-structure.js';
import { digestOf, rememberDigest } from '../archive/open-archive.js';
import {
  readEntries,
  type VolumeEntries,
} from '../archive/zip/central-directory.js';
import { DirectoryCounter } from '../archive/zip/directory-levels.js';
import { setExtents } from '../archive/zip/entry-extents.js';
import {
  findCentralDirectory,
  parsePlainCentralDirectory,
} from '../archive/zip/plain-central-directory.js';
import type { RandomAccessSource } from '../archive/zip/source.js';
import { DamagedArchiveError } from '../errors.js';
import { tellStep } from '../platform/steps.js';
import { Turns } from '../platform/turns.js';
import { BaseIndex } from './base-index.js';

/** A full whose directories are known. */
export interface IndexedFull {
  readonly files: ArchiveFiles;
  readonly digest: string;
  readonly index: BaseIndex;
}

/**
 * Reads the central directories of a full, one volume after the other, and keeps what is to be known of each directory.
 * @throws {DamagedArchiveError} when the structure of one is broken, or it is another archive's
 */
export async function indexFull({
  files,
  summary,
}: ArchiveFacts): Promise<IndexedFull> {
  const index = new BaseIndex(files.takenAt);
  const directories = new DirectoryCounter(files);
  const reader = new DirectoryReader();
  const volumes: { file: VolumeFileInfo; digest: string }[] = [];

  // Its directories are read again when they are compared.
  await files.index?.hold();

  for (const file of files.volumes) {
    tellStep(`reading volume ${file.name}`);

    const { table, centralDirectory } = await reader.read(file);
    directories.add(table);
    index.add(table, file);
    volumes.push({ file, digest: await provenDigest(file, centralDirectory) });
  }

  directories.refuseTooMany();
  if (summary) checkVolumes({ files, volumes }, summary);

  const digest = combineDigests(volumes.map((volume) => volume.digest));
  rememberDigest(files, digest);

  return { files, digest, index };
}

/** @throws {DamagedArchiveError} where an index has answered with other entries than it says */
async function provenDigest(
  { name, opener }: VolumeFileInfo,
  centralDirectory: Uint8Array,
): Promise<string> {
  const digest = digestOf(centralDirectory);
  const told = await opener?.digestOf(name);
  if (told === undefined || told === digest) return digest;

  throw new DamagedArchiveError(`the index of ${name} contradicts itself`);
}

type ReadEntries = Pick<VolumeEntries, 'table' | 'centralDirectory'>;

/** A signal is heard between two reads. */
const READ_BYTES = 1 << 20;

/** Reads central directories, plain ones into memory that is used again: it would take long until the garbage is collected. */
class DirectoryReader {
  #memory = Buffer.alloc(0);

  /** The entries are good until the next are read. @throws {DamagedArchiveError} when the structure is broken */
  async read(file: VolumeFileInfo): Promise<ReadEntries> {
    const source = await openVolumeFile(file);

    try {
      const canReadHere = file.storage.features.rangesAtOnce;
      const plain = canReadHere ? await this.#readPlain(source) : undefined;

      return plain ?? (await readEntries(source));
    } finally {
      source.close();
    }
  }

  async #readPlain(
    source: RandomAccessSource,
  ): Promise<ReadEntries | undefined> {
    const place = await findCentralDirectory(source);
    if (!place) return undefined;

    const { offset, length, entries } = place;
    if (length > this.#memory.length) {
      this.#memory = Buffer.allocUnsafeSlow(length);
    }

    const bytes = this.#memory.subarray(0, length);
    await source.hold?.(offset, length);
    await fill(bytes, source, offset);

    const plain = parsePlainCentralDirectory({ bytes, entries });
    if (!plain) return undefined;

    const table = setExtents(plain, offset, source.name);

    return { table, centralDirectory: bytes };
  }
}

async function fill(
  bytes: Buffer,
  source: RandomAccessSource,
  offset: number,
): Promise<void> {
  const turns = new Turns();

  for (let at = 0; at < bytes.length; at += READ_BYTES) {
    source.readInto(bytes.subarray(at, at + READ_BYTES), offset + at);
    await turns.pass();
  }
}

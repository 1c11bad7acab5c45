/** Makes the index of an archive beside its volumes, before any of them has its name. */
import { crc32 } from 'node:zlib';
import { FailedError } from '../../errors.js';
import {
  type ArchiveFiles,
  openVolumeFile,
  type VolumeFileInfo,
} from '../backup-directory.js';
import {
  archiveName,
  formatTemporaryIndexName,
  formatTemporaryName,
  formatVolumeName,
  parseVolumeName,
} from '../names.js';
import type { Storage, WrittenFile } from '../storage.js';
import { OpenIndex } from './open-index.js';
import { writeIndex } from './write-index.js';

/**
 * Writes the index of an archive whose volumes have their temporary names, and reads it back as every reader does.
 * Its name is that of `formatTemporaryIndexName`.
 * @throws {Error} where it cannot be written, or is not what the volumes have; what was written is for the caller to remove
 */
export async function makeIndex(
  workplace: Storage,
  stem: string,
  written: readonly Pick<WrittenFile, 'sizeBytes'>[],
): Promise<WrittenFile> {
  const files = unpublishedFiles(workplace, stem, written);
  const storedAs = formatTemporaryIndexName(stem);
  const index = await write(workplace, storedAs, files);

  await prove(workplace, storedAs, files);

  return index;
}

function unpublishedFiles(
  storage: Storage,
  stem: string,
  written: readonly Pick<WrittenFile, 'sizeBytes'>[],
): ArchiveFiles {
  const parsed = parseVolumeName(archiveName(stem));
  if (!parsed) throw new Error(`${stem} is no archive's name`);

  const volumes = written.map(({ sizeBytes }, number): VolumeFileInfo => ({
    storage,
    storedAs: formatTemporaryName(stem, number),
    name: formatVolumeName(stem, number),
    sizeBytes,
    mtimeMs: 0,
  }));

  const sizeBytes = written.reduce((sum, volume) => sum + volume.sizeBytes, 0);

  return { ...parsed, volumes, missingVolumes: [], sizeBytes };
}

async function write(
  workplace: Storage,
  storedAs: string,
  files: ArchiveFiles,
): Promise<WrittenFile> {
  const file = workplace.create(storedAs);
  let sizeBytes = 0;
  let crc = 0;

  try {
    for await (const piece of writeIndex(files)) {
      file.write(piece, sizeBytes);
      crc = crc32(piece, crc);
      sizeBytes += piece.length;
    }
  } catch (error) {
    file.abandon();
    throw error;
  }

  await file.close();

  return { sizeBytes, crc: () => crc };
}

/** @throws {FailedError} where it does not hold what the volumes have */
async function prove(
  workplace: Storage,
  storedAs: string,
  { stem, volumes }: ArchiveFiles,
): Promise<void> {
  const source = await workplace.openForRanges(storedAs);

  try {
    const index = await OpenIndex.of(source, stem);
    for (const volume of volumes) await proveVolume(index, volume);
  } finally {
    source.close();
  }
}

async function proveVolume(
  index: OpenIndex,
  file: VolumeFileInfo,
): Promise<void> {
  const volume = await openVolumeFile(file);

  try {
    const at = await index.findFalseByte(volume);
    if (at === undefined) return;

    throw new FailedError(
      `${index.source.name} does not hold what ${file.name} has at byte ${at}`,
    );
  } finally {
    volume.close();
  }
}

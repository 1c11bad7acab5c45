/** What an archive was when it was proven, so that nothing else is copied. */
import {
  type ArchiveFiles,
  openVolumeFile,
  type VolumeFileInfo,
} from '../archive/backup-directory.js';
import { archiveName } from '../archive/names.js';
import type { VerifiedEntry } from '../archive/verified-record.js';
import { verifyArchive } from '../archive/verify.js';
import type { RandomAccessSource } from '../archive/zip/source.js';
import { crc32 } from 'node:zlib';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DamagedArchiveError, FailedError, messageOf } from '../errors.js';

const PIECE_BYTES = 4 << 20;

/** Told of each piece of a volume, in order. */
export type OnPiece = (piece: Buffer, offset: number) => void;

/**
 * CRC-32 of each volume of a proven archive: as they were recorded when it was written, or else as they are now, where all of it
 * is found sound.
 * @throws {DamagedArchiveError} where it is not
 */
export async function provenCrcs(
  files: ArchiveFiles,
  recorded: VerifiedEntry | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const { volumeCrcs } = recorded ?? {};
  if (volumeCrcs?.length === files.volumes.length) return volumeCrcs;

  const crcs: number[] = [];
  for (const file of files.volumes) {
    crcs.push(await readVolume(file, signal));
  }

  const report = await verifyArchive(files, { signal });
  if (report.isIntact && report.unread.length === 0) return crcs;

  throw new DamagedArchiveError(
    `${archiveName(files.stem)} in ${storageOf(files)} is damaged and was not copied: ${report.fault ?? 'some of its entries are'}`,
    { hints: ['See verify for what is damaged.'] },
  );
}

function storageOf({ volumes }: ArchiveFiles): string {
  return volumes[0]?.storage.name ?? '';
}

/**
 * Reads a volume to its end.
 * @returns CRC-32 of all of it
 * @throws {FailedError} where it cannot be read
 */
export async function readVolume(
  file: VolumeFileInfo,
  signal: AbortSignal | undefined,
  onPiece: OnPiece = () => undefined,
): Promise<number> {
  const source = await reading(file, () => openVolumeFile(file));

  try {
    let crc = 0;

    for (let at = 0; at < source.sizeBytes; at += PIECE_BYTES) {
      signal?.throwIfAborted();
      const piece = await reading(file, () => readPiece(source, at));
      crc = crc32(piece, crc);
      onPiece(piece, at);
      // Signals are heard between two pieces.
      await nextTurn();
    }

    return crc;
  } finally {
    source.close();
  }
}

function readPiece(source: RandomAccessSource, at: number): Promise<Buffer> {
  return source.read(at, Math.min(PIECE_BYTES, source.sizeBytes - at));
}

/** A disk that does not give one archive keeps nobody from copying others. */
async function reading<T>(
  { name, storage }: VolumeFileInfo,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new FailedError(
      `${name} in ${storage.name} cannot be read: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** @throws {DamagedArchiveError} where a volume is not what was proven */
export function refuseOther(
  { name, storage }: VolumeFileInfo,
  crc: number,
  proven: number | undefined,
): void {
  if (crc === proven) return;

  throw new DamagedArchiveError(
    `${name} in ${storage.name} is not what was proven, and was not copied: its checksum is another`,
    {
      hints: [
        'See verify for what is damaged; look at the health of that disk.',
      ],
    },
  );
}

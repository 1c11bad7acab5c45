import { crc32 } from 'node:zlib';
import { DamagedArchiveError } from '../../errors.js';
import { largeBuffer } from '../../platform/large-buffer.js';
import type { EntryTable } from './entry-table.js';
import { setExtents } from './entry-extents.js';
import type { CentralDirectoryTable } from './central-directory-table.js';
import {
  type CentralDirectoryBytes,
  parseKnownCentralDirectory,
  parsePlainCentralDirectory,
  readCentralDirectory,
} from './plain-central-directory.js';
import type { RandomAccessSource } from './source.js';
import type { FilePiece } from './zip-format.js';

/** The entries of a volume, and the bytes of its central directory. */
export interface VolumeEntries {
  readonly table: EntryTable;
  readonly centralDirectory: Buffer;
  /** Where it is plain: it can be read again by `readAgain`. */
  readonly known: KnownDirectory | undefined;
}

/**
 * The entries of one volume, whatever tool wrote it, with the extent of each.
 * @throws {DamagedArchiveError} when the volume is no zip file or its structure contradicts itself
 */
export async function readEntries(
  source: RandomAccessSource,
): Promise<VolumeEntries> {
  const plainBytes = await readCentralDirectory(source);
  const plain = plainBytes && parsePlainCentralDirectory(plainBytes);

  if (plain) {
    return {
      table: setExtents(plain, plainBytes.offset, source.name),
      centralDirectory: plainBytes.bytes,
      known: toKnown(plain, plainBytes),
    };
  }

  const { readOddCentralDirectory } =
    await import('./odd-central-directory.js');
  const odd = await readOddCentralDirectory(source);

  return {
    table: setExtents(odd.table, odd.offset, source.name),
    centralDirectory: odd.centralDirectory,
    known: undefined,
  };
}

/** A plain central directory that was read before. */
export interface KnownDirectory {
  readonly offset: number;
  readonly length: number;
  readonly entries: number;
  /** CRC-32 of its bytes. */
  readonly crc: number;
  readonly pieces: ReadonlyMap<number, FilePiece>;
}

function toKnown(
  { count: entries, pieces }: CentralDirectoryTable,
  { bytes, offset }: CentralDirectoryBytes,
): KnownDirectory {
  return { offset, length: bytes.length, entries, crc: crc32(bytes), pieces };
}

/**
 * The entries of a volume once more, in this thread.
 * @throws {DamagedArchiveError} when they are not those that were read before
 */
export function readAgain(
  source: RandomAccessSource,
  { offset, length, entries, crc, pieces }: KnownDirectory,
): EntryTable {
  const bytes = largeBuffer(length);
  const isThere = offset + length <= source.sizeBytes;
  if (isThere) source.readInto(bytes, offset);

  if (!isThere || crc32(bytes) !== crc) {
    throw new DamagedArchiveError(
      `${source.name}: its central directory is another one than a moment ago`,
      { hints: ['Look what writes to the archives, and run it again.'] },
    );
  }

  const table = parseKnownCentralDirectory(bytes, entries, pieces);

  return setExtents(table, offset, source.name);
}

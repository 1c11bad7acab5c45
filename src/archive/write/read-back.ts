/** Reading what was just written, and comparing it with the checksums taken before. */
import { crc32 } from 'node:zlib';
import { openPlace, placeOfVolume } from '../volume-handle.js';
import type { RandomAccessSource } from '../zip/source.js';
import type { ArchiveWriter } from './archive-writer.js';
import type { ReadBackResult, ReadBackTask } from './pack-tasks.js';

/** One worker's task: long enough that the main thread may look through an archive meanwhile. */
const READ_BACK_BYTES = 64 << 20;
const PIECE_BYTES = 1 << 20;

/** Divides the written data into stretches of about 64 MiB, each one worker's task. */
export function* planReadBack({
  storage,
  volumes,
}: ArchiveWriter): Generator<ReadBackTask> {
  for (const { storedAs, blocks } of volumes) {
    const own = { storage, storedAs, name: storedAs };
    const volume = placeOfVolume(own) ?? own;
    let group: ReadBackTask['blocks'][number][] = [];
    let bytes = 0;

    for (const block of blocks) {
      group.push(block);
      bytes += block.lengthBytes;
      if (bytes < READ_BACK_BYTES) continue;

      yield { kind: 'read-back', volume, blocks: group };
      group = [];
      bytes = 0;
    }

    if (group.length > 0) yield { kind: 'read-back', volume, blocks: group };
  }
}

/** What a task reads. */
export function bytesOf({ blocks }: ReadBackTask): number {
  return blocks.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
}

/** Reads a task's blocks again. @throws {Error} when the volume cannot be read */
export async function readBack(task: ReadBackTask): Promise<ReadBackResult> {
  const source = await openPlace(task.volume);
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  const differing: number[] = [];

  try {
    for (const { offsetBytes, lengthBytes, crc } of task.blocks) {
      if (checksumOf(source, piece, offsetBytes, lengthBytes) !== crc) {
        differing.push(offsetBytes);
      }
    }
  } finally {
    source.close();
  }

  return { kind: 'read-back', differing };
}

/** The CRC-32 of a range, or -1 where the file ends before it does. */
function checksumOf(
  source: RandomAccessSource,
  piece: Buffer,
  offset: number,
  length: number,
): number {
  if (offset + length > source.sizeBytes) return -1;

  let crc = 0;
  for (let done = 0; done < length; done += PIECE_BYTES) {
    const bytes = piece.subarray(0, Math.min(PIECE_BYTES, length - done));
    source.readInto(bytes, offset + done);
    crc = crc32(bytes, crc);
  }

  return crc;
}

import { closeSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { ArchiveWriter } from './archive-writer.js';
import type { ReadBackResult, ReadBackTask } from './pack-tasks.js';
import { readBytes } from '../../platform/read-bytes.js';

/** One worker's task. */
const READ_BACK_BYTES = 8 << 20;
const PIECE_BYTES = 1 << 20;

/** What was written, in stretches of about 8 MiB that each are one worker's task. */
export function* planReadBack(writer: ArchiveWriter): Generator<ReadBackTask> {
  for (const { path, blocks } of writer.volumes) {
    let group: ReadBackTask['blocks'][number][] = [];
    let bytes = 0;

    for (const block of blocks) {
      group.push(block);
      bytes += block.lengthBytes;
      if (bytes < READ_BACK_BYTES) continue;

      yield { kind: 'read-back', path, blocks: group };
      [group, bytes] = [[], 0];
    }

    if (group.length > 0) yield { kind: 'read-back', path, blocks: group };
  }
}

/** Reads a task's blocks again. @throws {Error} when the volume cannot be read */
export function readBack(task: ReadBackTask): ReadBackResult {
  const fd = openSync(task.path, 'r');
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  const differing: number[] = [];

  try {
    for (const { offsetBytes, lengthBytes, crc } of task.blocks) {
      if (checksumOf(fd, piece, offsetBytes, lengthBytes) !== crc) {
        differing.push(offsetBytes);
      }
    }
  } finally {
    closeSync(fd);
  }

  return { kind: 'read-back', differing };
}

/** The CRC-32 of a range, or -1 where the file ends before it does. */
function checksumOf(
  fd: number,
  piece: Buffer,
  offset: number,
  length: number,
): number {
  let crc = 0;
  for (let done = 0; done < length;) {
    const read = readBytes(
      fd,
      piece,
      0,
      Math.min(PIECE_BYTES, length - done),
      offset + done,
    );

    if (read === 0) return -1;

    crc = crc32(piece.subarray(0, read), crc);
    done += read;
  }

  return crc;
}

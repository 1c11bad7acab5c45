import { closeSync, fstatSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { isSame } from '../../platform/look-again.js';
import { readBytes } from '../../platform/read-bytes.js';
import { codecNamed, engineFault } from '../zip/codec.js';
import type { BlockSlots } from './block-slots.js';
import type { ChunkResult, ChunkTask, PackWorkerData } from './pack-tasks.js';
import { openStored } from '../../store/open-stored.js';

/** The memory and the settings of the thread that packs. */
export interface ChunkContext {
  readonly settings: PackWorkerData;
  readonly slots: BlockSlots;
  /** Room for a chunk and the window before it. */
  readonly input: Buffer;
}

/**
 * Deflates one chunk of a large file into a slot.
 * @throws {Error} when the file cannot be read or is another one than when it was measured
 */
export function packChunk(
  task: ChunkTask,
  { settings, slots, input }: ChunkContext,
): ChunkResult {
  const readCount = readChunk(task, input);
  const windowBytes = Math.min(readCount, task.windowBytes);
  const data = input.subarray(windowBytes, readCount);
  const slot = slots.take();
  const bytes = slots.bytes(slot);

  const lengthBytes = codecNamed(settings.engine).deflate(data, bytes, {
    kind: 'chunk',
    level: settings.level,
    before: input.subarray(0, windowBytes),
    isLast: task.isLast,
  });

  if (lengthBytes === undefined) {
    throw new Error('a deflated chunk does not fit into its slot');
  }

  return {
    kind: 'chunk',
    worker: settings.worker,
    slot,
    lengthBytes,
    blockCrc: crc32(bytes.subarray(0, lengthBytes)),
    crc: crc32(data),
    sourceBytes: data.length,
    engineFault: engineFault(),
  };
}

/** Reads a chunk and the window before it; returns the number of bytes, fewer where the file has become shorter. */
function readChunk(task: ChunkTask, input: Buffer): number {
  const startBytes = task.offsetBytes - task.windowBytes;
  const wanted = task.windowBytes + task.lengthBytes;
  const fd = openStored(task.path, task);
  let readCount = 0;

  try {
    if (!isSame(fstatSync(fd, { bigint: true }), task.identity)) {
      throw new Error('the file was replaced while it was read');
    }

    while (readCount < wanted) {
      const read = readBytes(
        fd,
        input,
        readCount,
        wanted - readCount,
        startBytes + readCount,
      );
      if (read === 0) break;

      readCount += read;
    }
  } finally {
    closeSync(fd);
  }

  return readCount;
}

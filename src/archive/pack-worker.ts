import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { errnoOf, messageOf } from '../errors.js';
import { serveTasks, tellMain } from '../platform/worker-port.js';
import { BLOCK_BYTES, BlockSlots, LARGE_FILE_BYTES, SLOT_BYTES } from './block-slots.js';
import { deflateChunk, deflateWhole } from './compress.js';
import { readStable, type StableFile } from './stable-read.js';
import {
  type BlockMessage,
  type ChunkResult,
  type ChunkTask,
  type FilesResult,
  type FilesTask,
  isMessageName,
  type PackResult,
  type PackTask,
  type PackWorkerData,
} from './pack-tasks.js';
import { readBack } from './read-back.js';
import {
  headerBytes,
  localHeaderBytes,
  METHOD_DEFLATED,
  METHOD_STORED,
  putCentralHeader,
  putLocalHeader,
} from './zip-format.js';

const settings = workerData as PackWorkerData;
const slots = new BlockSlots(settings.memory, settings.control);
const input = Buffer.allocUnsafeSlow(LARGE_FILE_BYTES + 1);
const LARGEST_SMALL_BYTES = Math.min(LARGE_FILE_BYTES, settings.largestEntryBytes) - 1;

/** The block under construction; it lives from the first file of a task to the last. */
class Block {
  #slot = -1;
  #bytes: Buffer = input;
  #at = 0;
  #central = Buffer.allocUnsafe(64 << 10);
  #centralAt = 0;
  #entries = 0;
  #messages = 0;
  #sourceBytes = 0;

  add(name: string, file: StableFile): void {
    const encoded = Buffer.from(name, 'utf8');
    const need = headerBytes(encoded.length, false) + file.sizeBytes;
    if (this.#slot >= 0 && this.#at + need > SLOT_BYTES) this.flush();
    if (this.#slot < 0) {
      this.#slot = slots.take();
      this.#bytes = slots.bytes(this.#slot);
    }
    const data = input.subarray(0, file.sizeBytes);
    const dataAt = this.#at + localHeaderBytes(encoded.length);
    // One byte less than the data have: what does not get smaller is stored.
    const room = this.#bytes.subarray(dataAt, dataAt + Math.max(0, data.length - 1));
    const deflatedBytes = deflateWhole(data, settings.level, room);
    if (deflatedBytes === undefined) this.#bytes.set(data, dataAt);
    const header = {
      name: encoded,
      method: deflatedBytes === undefined ? METHOD_STORED : METHOD_DEFLATED,
      crc: crc32(data),
      sizeBytes: file.sizeBytes,
      compressedBytes: deflatedBytes ?? file.sizeBytes,
      mtimeTicks: file.mtimeTicks,
      mode: file.mode,
    };
    this.#putCentral(header);
    putLocalHeader(this.#bytes, this.#at, header);
    this.#at = dataAt + header.compressedBytes;
    this.#entries++;
    if (isMessageName(name)) this.#messages++;
    this.#sourceBytes += file.sizeBytes;
    if (this.#at >= BLOCK_BYTES) this.flush();
  }

  flush(): void {
    if (this.#slot < 0) return;
    const central = Uint8Array.prototype.slice.call(this.#central, 0, this.#centralAt);
    const message: BlockMessage = {
      slot: this.#slot,
      lengthBytes: this.#at,
      crc: crc32(this.#bytes.subarray(0, this.#at)),
      central,
      entries: this.#entries,
      messages: this.#messages,
      sourceBytes: this.#sourceBytes,
    };
    tellMain(message, [central.buffer]);
    this.#slot = -1;
    this.#at = this.#centralAt = this.#entries = this.#messages = this.#sourceBytes = 0;
  }

  #putCentral(header: Parameters<typeof putCentralHeader>[2]): void {
    if (this.#centralAt + headerBytes(header.name.length, false) > this.#central.length) {
      const larger = Buffer.allocUnsafe(this.#central.length * 2 + header.name.length);
      this.#central.copy(larger);
      this.#central = larger;
    }
    this.#centralAt = putCentralHeader(this.#central, this.#centralAt, header, this.#at);
  }
}

const block = new Block();

function packFiles(task: FilesTask): FilesResult {
  const result = {
    kind: 'files' as const,
    vanished: [] as string[],
    unreadable: [] as { name: string; reason: string }[],
    unsettled: [] as string[],
    large: [] as string[],
  };
  for (const name of task.names) {
    try {
      const file = readStable(`${task.directory}/${name}`, input, LARGEST_SMALL_BYTES);
      if (file === 'large') {
        result.large.push(name);
        continue;
      }
      if (!file.isSettled) result.unsettled.push(name);
      block.add(task.prefix + name, file);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') result.vanished.push(name);
      else result.unreadable.push({ name, reason: errnoOf(error) ?? messageOf(error) });
    }
  }
  block.flush();
  return result;
}

/** @throws {Error} when the file cannot be read or is another one than when it was measured */
function packChunk(task: ChunkTask): ChunkResult {
  const fd = openSync(task.path, constants.O_RDONLY | constants.O_NOFOLLOW);
  let got = 0;
  try {
    if (fstatSync(fd, { bigint: true }).ino !== task.inode) throw new Error('the file was replaced while it was read');
    const want = task.windowBytes + task.lengthBytes;
    while (got < want) {
      const read = readSync(fd, input, got, want - got, task.offsetBytes - task.windowBytes + got);
      if (read === 0) break;
      got += read;
    }
  } finally {
    closeSync(fd);
  }
  const data = input.subarray(Math.min(got, task.windowBytes), got);
  const pieces = deflateChunk(data, settings.level, {
    before: input.subarray(0, Math.min(got, task.windowBytes)),
    isLast: task.isLast,
  });
  const slot = slots.take();
  const bytes = slots.bytes(slot);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  const blockCrc = crc32(bytes.subarray(0, at));
  const { worker } = settings;
  return { kind: 'chunk', worker, slot, lengthBytes: at, blockCrc, crc: crc32(data), sourceBytes: data.length };
}

serveTasks((task: PackTask): PackResult => {
  if (task.kind === 'files') return packFiles(task);
  return task.kind === 'chunk' ? packChunk(task) : readBack(task);
});

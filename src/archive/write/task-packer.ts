import { closeSync, fstatSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { errnoOf, messageOf } from '../../errors.js';
import { isGone, isSame, isStillAt } from '../../platform/look-again.js';
import { isMessagePath } from '../../store/message-file.js';
import {
  BLOCK_BYTES,
  BlockSlots,
  LARGE_FILE_BYTES,
  SLOT_BYTES,
} from './block-slots.js';
import { codec } from '../zip/codec.js';
import { openStored, readStable, type StableFile } from './stable-read.js';
import {
  type BlockMessage,
  type ChunkResult,
  type ChunkTask,
  type FilesResult,
  type FilesTask,
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
} from '../zip/zip-format.js';
import { readBytes } from '../../platform/read-bytes.js';

/** Takes a finished block; with it go the buffers whose memory may be handed over. */
export type TellBlock = (block: BlockMessage, transfer: ArrayBuffer[]) => void;

/** Packs the files of tasks into blocks, one task after the other, in a thread of its own or in the main one. */
export class TaskPacker {
  readonly #settings: PackWorkerData;
  readonly #slots: BlockSlots;
  readonly #input = Buffer.allocUnsafeSlow(LARGE_FILE_BYTES + 1);
  readonly #largestSmallBytes: number;
  readonly #block: Block;

  constructor(settings: PackWorkerData, tell: TellBlock) {
    this.#settings = settings;
    this.#slots = new BlockSlots(settings.memory, settings.control);
    this.#largestSmallBytes =
      Math.min(LARGE_FILE_BYTES, settings.largestEntryBytes) - 1;
    this.#block = new Block(this.#slots, settings.level, tell);
  }

  /** @throws {Error} when a chunk or a volume cannot be read, or a block cannot be taken */
  run(task: PackTask): PackResult {
    if (task.kind === 'files') return this.#packFiles(task);
    return task.kind === 'chunk' ? this.#packChunk(task) : readBack(task);
  }

  #packFiles(task: FilesTask): FilesResult {
    const result = {
      kind: 'files' as const,
      vanished: [] as string[],
      unreadable: [] as { name: string; reason: string }[],
      unsettled: [] as string[],
      large: [] as string[],
    };

    // A directory of few files costs little more when each is asked where it lies.
    const rule = {
      followsLinks: task.followsLinks,
      asksPlace: task.names.length <= FEW_NAMES,
    };

    this.#block.begin(() => findChange(task));

    for (const name of task.names) {
      let file: StableFile | 'large';
      try {
        file = readStable(
          `${task.directory}/${name}`,
          this.#input,
          this.#largestSmallBytes,
          rule,
        );
      } catch (error) {
        if (isGone(error)) result.vanished.push(name);
        else result.unreadable.push({ name, reason: reasonOf(error) });
        continue;
      }

      if (file === 'large') {
        result.large.push(name);
        continue;
      }

      if (!file.isSettled) result.unsettled.push(name);
      this.#block.add(
        task.prefix,
        name,
        file,
        this.#input.subarray(0, file.sizeBytes),
      );
    }

    this.#block.flush();

    return this.#withoutDropped(result);
  }

  /** What was read while the directory was another one counts as vanished. */
  #withoutDropped(result: FilesResult): FilesResult {
    const { dropped } = this.#block;
    if (dropped.size === 0) return result;

    const unreadable = [...dropped].flatMap(([name, reason]) =>
      reason === MOVED ? [] : [{ name, reason }],
    );

    return {
      ...result,
      vanished: [
        ...result.vanished,
        ...[...dropped.keys()].filter((name) => dropped.get(name) === MOVED),
      ],
      unreadable: [...result.unreadable, ...unreadable],
      unsettled: result.unsettled.filter((name) => !dropped.has(name)),
    };
  }

  /** @throws {Error} when the file cannot be read or is another one than when it was measured */
  #packChunk(task: ChunkTask): ChunkResult {
    const fd = openStored(task.path, task);
    let got = 0;

    try {
      if (!isSame(fstatSync(fd, { bigint: true }), task.identity)) {
        throw new Error('the file was replaced while it was read');
      }

      const want = task.windowBytes + task.lengthBytes;
      while (got < want) {
        const read = readBytes(
          fd,
          this.#input,
          got,
          want - got,
          task.offsetBytes - task.windowBytes + got,
        );

        if (read === 0) break;

        got += read;
      }
    } finally {
      closeSync(fd);
    }

    const data = this.#input.subarray(Math.min(got, task.windowBytes), got);

    const slot = this.#slots.take();
    const bytes = this.#slots.bytes(slot);

    const lengthBytes = codec.deflate(data, bytes, {
      kind: 'chunk',
      level: this.#settings.level,
      before: this.#input.subarray(0, Math.min(got, task.windowBytes)),
      isLast: task.isLast,
    });

    if (lengthBytes === undefined) {
      throw new Error('a deflated chunk does not fit into its slot');
    }

    return {
      kind: 'chunk',
      worker: this.#settings.worker,
      slot,
      lengthBytes,
      blockCrc: crc32(bytes.subarray(0, lengthBytes)),
      crc: crc32(data),
      sourceBytes: data.length,
    };
  }
}

/** Up to so many names in a task each file is asked where it lies. */
const FEW_NAMES = 8;

/** The reason of what was read while something else stood in the place of its directory. */
const MOVED = 'ENOENT';

/** Why what was read of a task must not be handed on: its directory is not the one that was listed, or cannot be asked. */
function findChange({ directory, identity }: FilesTask): string | undefined {
  try {
    return !identity || isStillAt(directory, identity) ? undefined : MOVED;
  } catch (error) {
    return errnoOf(error) ?? messageOf(error);
  }
}

/** ELOOP: a link has taken the file's place since it was listed. */
function reasonOf(error: unknown): string {
  const code = errnoOf(error);
  return code === 'ELOOP'
    ? 'symbolic link, not followed'
    : (code ?? messageOf(error));
}

/** The block under construction; it lives from the first file of a task to the last. */
class Block {
  #slot = -1;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #central = Buffer.allocUnsafe(64 << 10);
  #centralAt = 0;
  #entries = 0;
  #messages = 0;
  #sourceBytes = 0;
  #names: string[] = [];
  #findChange: () => string | undefined = () => undefined;
  /** Names of the task that were read and are in no block, and why. */
  readonly dropped = new Map<string, string>();

  constructor(
    private readonly slots: BlockSlots,
    private readonly level: number,
    private readonly tell: TellBlock,
  ) {}

  /** @param findChange asked whenever what was read of the task is to be handed on: why it must not be */
  begin(findChange: () => string | undefined): void {
    this.#findChange = findChange;
    this.dropped.clear();
  }

  add(prefix: string, step: string, file: StableFile, data: Buffer): void {
    const name = prefix + step;
    const encoded = Buffer.from(name, 'utf8');
    const need = headerBytes(encoded.length, false) + file.sizeBytes;

    if (this.#slot >= 0 && this.#at + need > SLOT_BYTES) this.flush();

    if (this.#slot < 0) {
      this.#slot = this.slots.take();
      this.#bytes = this.slots.bytes(this.#slot);
    }

    const dataAt = this.#at + localHeaderBytes(encoded.length);

    // One byte less than the data have: what does not get smaller is stored.
    const room = this.#bytes.subarray(
      dataAt,
      dataAt + Math.max(0, data.length - 1),
    );

    const deflatedBytes = codec.deflate(data, room, {
      kind: 'file',
      level: this.level,
    });

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
    if (isMessagePath(name)) this.#messages++;
    this.#sourceBytes += file.sizeBytes;
    this.#names.push(step);
    if (this.#at >= BLOCK_BYTES) this.flush();
  }

  flush(): void {
    if (this.#slot < 0) return;

    const change = this.#findChange();
    if (change !== undefined) {
      for (const name of this.#names) this.dropped.set(name, change);
      this.slots.release(this.#slot);
      this.#reset();

      return;
    }

    const central = Uint8Array.prototype.slice.call(
      this.#central,
      0,
      this.#centralAt,
    );

    const message: BlockMessage = {
      slot: this.#slot,
      lengthBytes: this.#at,
      crc: crc32(this.#bytes.subarray(0, this.#at)),
      central,
      entries: this.#entries,
      messages: this.#messages,
      sourceBytes: this.#sourceBytes,
    };

    const { buffer } = central;

    this.tell(message, [buffer]);
    this.#reset();
  }

  #reset(): void {
    this.#slot = -1;
    this.#names = [];
    this.#at =
      this.#centralAt =
      this.#entries =
      this.#messages =
      this.#sourceBytes =
        0;
  }

  #putCentral(header: Parameters<typeof putCentralHeader>[2]): void {
    if (
      this.#centralAt + headerBytes(header.name.length, false) >
      this.#central.length
    ) {
      const larger = Buffer.allocUnsafe(
        this.#central.length * 2 + header.name.length,
      );
      this.#central.copy(larger);
      this.#central = larger;
    }

    this.#centralAt = putCentralHeader(
      this.#central,
      this.#centralAt,
      header,
      this.#at,
    );
  }
}

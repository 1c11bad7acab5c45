import { WorkerPool } from '../../platform/worker-pool.js';
import { isMessagePath } from '../../store/message-file.js';
import type { CodecName } from '../zip/codec-types.js';
import { LONGEST_PATH_BYTES } from '../entry-names.js';
import type { ArchiveWriter } from './archive-writer.js';
import { BlockSlots, LARGE_FILE_BYTES } from './block-slots.js';
import { ChunkWorkers, type PackPool, slotsOf } from './chunk-workers.js';
import { Copier } from './copier.js';
import {
  largestPieceBytes,
  measureLargeFile,
  packLargeFile,
} from './large-file.js';
import { findSizeFault, type OversizePolicy } from './oversize.js';
import { notAsWritten, toSpaceError } from './pack-errors.js';
import {
  type PackedCounts,
  type PackIssue,
  PackRecord,
  type UnreadFile,
} from './pack-record.js';
import {
  type BlockMessage,
  cutShort,
  type FilesResult,
  type FilesTask,
  type ListedFile,
  type PackResult,
  type PackTask,
  type PackWorkerData,
} from './pack-tasks.js';
import { ReadAhead } from './read-ahead.js';
import { bytesOf, planReadBack, readBack } from './read-back.js';
import { SourceReadError } from './read-fault.js';
import { TaskPacker } from './task-packer.js';

export interface PackOptions {
  readonly threads: number;
  /** The number of files that are read at once where the disk lets the threads wait; 0: each thread reads for itself. */
  readonly filesAhead: number;
  /** There is little to pack: it may be done sooner than threads are started. */
  readonly isLittle: boolean;
  /** 1 to 9. */
  readonly level: number;
  readonly engine: CodecName;
  readonly volumeLimitBytes: number;
  readonly oversize: OversizePolicy;
  readonly signal?: AbortSignal | undefined;
  onProgress?(packed: PackedCounts): void;
}

/** Packs files into an ArchiveWriter with a pool of workers. */
export class Packer {
  /** Copies records of other archives, in the same threads. */
  readonly copier: Copier;
  readonly #record: PackRecord;
  readonly #slots: readonly BlockSlots[];
  readonly #pool: PackPool;
  readonly #chunks: ChunkWorkers;
  readonly #ahead: ReadAhead;

  constructor(
    private readonly writer: ArchiveWriter,
    private readonly options: PackOptions,
  ) {
    const { threads, filesAhead, signal } = options;
    this.#record = new PackRecord((packed) => options.onProgress?.(packed));
    this.#slots = Array.from({ length: threads }, () => BlockSlots.create());
    this.#pool = this.#makePool();
    this.#chunks = new ChunkWorkers(this.#pool, this.#slots, signal);
    this.copier = new Copier({
      pool: this.#pool,
      writer,
      record: this.#record,
      signal,
    });
    this.#ahead = new ReadAhead(filesAhead);

    signal?.addEventListener('abort', this.#stop, { once: true });
  }

  get counts(): PackedCounts {
    return this.#record.counts;
  }

  get issues(): readonly PackIssue[] {
    return this.#record.issues;
  }

  /** The issues that are paths which could not be read. */
  get unread(): readonly UnreadFile[] {
    return this.#record.unread;
  }

  /** Entry names of files that were gone when their turn came. */
  get vanished(): Set<string> {
    return this.#record.vanished;
  }

  /** Entry names of files that became several pieces. */
  get split(): readonly string[] {
    return this.#record.split;
  }

  /** Why zlib took the place of our own engine, in some thread. */
  get engineFault(): string | undefined {
    return this.#record.engineFault;
  }

  /** Packs all files of the tasks; returns when they are written. @throws {NoSpaceError} when the disk is full */
  async pack(tasks: Iterable<FilesTask>): Promise<void> {
    const large: ListedFile[] = [];
    const { signal, isLittle } = this.options;

    const takeResult = (result: PackResult, task: PackTask): void => {
      if (result.kind !== 'files' || task.kind !== 'files') return;

      this.#recordFiles(result, task);
      this.#ahead.observe(result.pace);
      for (const name of result.large) large.push(toFile(task, name));
    };

    await this.#guard(async () => {
      signal?.throwIfAborted();
      await this.#pool.runAll(
        this.#ahead.inOrder(isLittle ? cutShort(tasks) : tasks),
        takeResult,
        (task) => this.#ahead.whenRead(task),
      );

      if (large.length > 0) this.#pool.grow();
      for (const file of large) await this.#packLarge(file);
    });
  }

  /** Packs what other programs held, as soon as they let go of it; what they still hold at the end becomes an issue. */
  async packHeld(): Promise<void> {
    const stillHeld = await this.#record.held.retry(
      (tasks) => this.pack(tasks),
      this.options.signal,
    );

    for (const { file, errno } of stillHeld) {
      const reason = `held by another program (${errno})`;
      this.#record.addIssue('unreadable', file.name, reason);
    }
  }

  /**
   * Reads every written byte again and compares its checksum with the one taken before it was written.
   * @throws {KmsError} READ_BACK, naming the volume and place that differ
   */
  async readBack(onRead?: (bytes: number) => void): Promise<void> {
    const { storage } = this.writer;

    const check = (result: PackResult, task: PackTask): void => {
      if (result.kind !== 'read-back' || task.kind !== 'read-back') return;

      const [atByte] = result.differing;
      if (atByte !== undefined) {
        throw notAsWritten(storage.pathOf(task.volume.storedAs), atByte);
      }

      onRead?.(bytesOf(task));
    };

    await this.#guard(async () => {
      const tasks = planReadBack(this.writer);
      if (storage.place) return this.#pool.runAll(tasks, check);

      for (const task of tasks) check(await readBack(task), task);
    });
  }

  async close(): Promise<void> {
    this.options.signal?.removeEventListener('abort', this.#stop);
    await Promise.all([this.#pool.close(), this.#ahead.close()]);
  }

  readonly #stop = (): void => {
    const reason = this.options.signal?.reason as Error;

    this.#pool.fail(reason);
    this.#ahead.stop(reason);
  };

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw toSpaceError(error);
    }
  }

  #makePool(): PackPool {
    const { level, engine, volumeLimitBytes, threads, isLittle } = this.options;
    const longestName = 'x'.repeat(LONGEST_PATH_BYTES);

    const largestEntryBytes = Math.min(
      LARGE_FILE_BYTES,
      largestPieceBytes(volumeLimitBytes, longestName),
    );

    const workerData = (worker: number): PackWorkerData => {
      const { memory, control } = slotsOf(this.#slots, worker);

      return { worker, memory, control, level, engine, largestEntryBytes };
    };

    return new WorkerPool<PackTask, PackResult, BlockMessage>({
      url: new URL('./pack-worker.js', import.meta.url),
      threads,
      here: isLittle ? this.#packHere(workerData(0)) : undefined,
      workerData,
      onMessage: (block, worker) => {
        this.#addBlock(block, worker);
      },
    });
  }

  /** Packs in this thread, before there is any other, with the slots that the first one will have. */
  #packHere(
    settings: PackWorkerData,
  ): (task: PackTask) => PackResult | Promise<PackResult> {
    const packer = new TaskPacker(settings, (block) => {
      this.#addBlock(block, settings.worker);
    });

    return (task) => packer.run(task);
  }

  #addBlock(block: BlockMessage, worker: number): void {
    const { slot, lengthBytes, crc, entries, messages, sourceBytes } = block;
    const { buffer, byteOffset, byteLength } = block.central;
    const slots = slotsOf(this.#slots, worker);

    this.writer.addBlock(
      slots.bytes(slot).subarray(0, lengthBytes),
      crc,
      Buffer.from(buffer, byteOffset, byteLength),
      entries,
    );
    slots.release(slot);
    this.#record.add({ files: entries, messages, sourceBytes });
  }

  #recordFiles(result: FilesResult, task: FilesTask): void {
    this.#record.engineFault ??= result.engineFault;

    for (const name of result.vanished) {
      this.#record.vanished.add(task.prefix + name);
    }

    for (const { name, fault } of result.unreadable) {
      this.#record.addUnread(toFile(task, name), fault);
    }

    for (const name of result.unsettled) {
      this.#record.addUnsettled(task.prefix + name);
    }
  }

  async #packLarge(file: ListedFile): Promise<void> {
    try {
      const size = Number(measureLargeFile(file).size);
      const fault = findSizeFault(file, size, this.options);

      if (fault === undefined) await this.#packWhatFits(file);
      else this.#record.addIssue('oversize', file.name, fault);
    } catch (error) {
      if (!(error instanceof SourceReadError)) throw error;

      this.#record.addUnread(file, error.fault);
    }
  }

  /** @throws {SourceReadError} when the file cannot be read */
  async #packWhatFits(file: ListedFile): Promise<void> {
    const { name } = file;
    const record = this.#record;
    const bytesBefore = record.counts.sourceBytes;

    const outcome = await packLargeFile(file, {
      writer: this.writer,
      volumeLimitBytes: this.options.volumeLimitBytes,
      chunks: this.#chunks,
      record,
    });

    const { sizeBytes } = outcome;
    const isMessage = isMessagePath(name);
    record.addLargeFile({ sizeBytes, isMessage }, bytesBefore);
    if (outcome.pieces > 1) record.split.push(name);
    if (!outcome.isSettled) record.addUnsettled(name);
  }
}

/** A file of a task, by its name. */
function toFile(
  { directory, identity, followsLinks, prefix }: FilesTask,
  name: string,
): ListedFile {
  return {
    path: `${directory}/${name}`,
    name: prefix + name,
    directory,
    identity,
    followsLinks,
  };
}

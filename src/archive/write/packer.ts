import {
  errnoOf,
  ExitCode,
  KmsError,
  messageOf,
  NoSpaceError,
} from '../../errors.js';
import { isMessagePath } from '../../store/message-file.js';
import { toSystemError } from '../../platform/system-error.js';
import { WorkerPool } from '../../platform/worker-pool.js';
import type { ArchiveWriter } from './archive-writer.js';
import { BlockSlots, LARGE_FILE_BYTES } from './block-slots.js';
import { LONGEST_PATH_BYTES } from '../entry-names.js';
import { HeldFiles } from './held-files.js';
import {
  type LargeFile,
  largestPartBytes,
  measureLargeFile,
  packLargeFile,
  SourceReadError,
} from './large-file.js';
import { findSizeFault, type OversizePolicy } from './oversize.js';
import {
  type BlockMessage,
  type ChunkResult,
  type ChunkTask,
  cutShort,
  type FilesTask,
  type PackResult,
  type PackTask,
  type PackWorkerData,
} from './pack-tasks.js';
import { planReadBack } from './read-back.js';
import { TaskPacker } from './task-packer.js';

export interface PackOptions {
  readonly threads: number;
  /** There is little to pack: it may be done sooner than threads are started. */
  readonly isLittle: boolean;
  /** 1 to 9. */
  readonly level: number;
  readonly volumeLimitBytes: number;
  readonly oversize: OversizePolicy;
  readonly signal?: AbortSignal | undefined;
  onProgress?(packed: PackedCounts): void;
}

export interface PackedCounts {
  readonly files: number;
  readonly messages: number;
  readonly sourceBytes: number;
}

/** A file that is not in the archive as it should be, and why. Paths are entry names. */
export interface PackIssue {
  readonly kind: 'unreadable' | 'oversize' | 'unsettled';
  readonly name: string;
  readonly reason: string;
}

/** Packs files into an ArchiveWriter with a pool of workers. */
export class Packer {
  readonly issues: PackIssue[] = [];
  /** Entry names of files that were gone when their turn came. */
  readonly vanished = new Set<string>();
  readonly #held = new HeldFiles();
  readonly split: string[] = [];
  #counts = { files: 0, messages: 0, sourceBytes: 0 };
  readonly #slots: BlockSlots[];
  readonly #pool: WorkerPool<PackTask, PackResult, BlockMessage>;

  constructor(
    private readonly writer: ArchiveWriter,
    private readonly options: PackOptions,
  ) {
    this.#slots = Array.from({ length: options.threads }, () =>
      BlockSlots.create(),
    );

    const largestEntryBytes = Math.min(
      LARGE_FILE_BYTES,
      largestPartBytes(
        options.volumeLimitBytes,
        'x'.repeat(LONGEST_PATH_BYTES),
      ),
    );

    const workerData = (worker: number): PackWorkerData => {
      const { memory, control } = this.#slotsOf(worker);
      return {
        worker,
        memory,
        control,
        level: options.level,
        largestEntryBytes,
      };
    };

    this.#pool = new WorkerPool<PackTask, PackResult, BlockMessage>({
      url: new URL('./pack-worker.js', import.meta.url),
      threads: options.threads,
      here: options.isLittle ? this.#packHere(workerData(0)) : undefined,
      workerData,
      onMessage: (block, worker) => {
        this.#addBlock(block, worker);
      },
    });
    options.signal?.addEventListener('abort', this.#stop, { once: true });
  }

  get counts(): PackedCounts {
    return this.#counts;
  }

  /** Packs all files of the tasks; returns when they are written. @throws {NoSpaceError} when the disk is full */
  async pack(tasks: Iterable<FilesTask>): Promise<void> {
    const large: LargeFile[] = [];
    await this.#guard(async () => {
      this.options.signal?.throwIfAborted();
      await this.#pool.runAll(
        this.options.isLittle ? cutShort(tasks) : tasks,
        (result, task) => {
          if (result.kind !== 'files' || task.kind !== 'files') return;

          for (const name of result.vanished) {
            this.vanished.add(task.prefix + name);
          }

          for (const { name, reason } of result.unreadable) {
            this.#addUnreadable(toFile(task, name), reason);
          }

          for (const name of result.unsettled) {
            this.#addUnsettled(task.prefix + name);
          }

          for (const name of result.large) large.push(toFile(task, name));
        },
      );
      if (large.length > 0) this.#pool.grow();
      for (const file of large) await this.#packLarge(file);
    });
  }

  /** Packs what other programs held, as soon as they let go of it; what they still hold at the end becomes an issue. */
  async packHeld(): Promise<void> {
    const left = await this.#held.retry(
      (tasks) => this.pack(tasks),
      this.options.signal,
    );

    for (const { entryName, code } of left) {
      this.#addIssue(
        'unreadable',
        entryName,
        `held by another program (${code})`,
      );
    }
  }

  /**
   * Reads every written byte again and compares its checksum with the one taken before it was written.
   * @throws {KmsError} READ_BACK, naming the volume and place that differ
   */
  async readBack(): Promise<void> {
    const check = (result: PackResult, task: PackTask): void => {
      if (
        result.kind !== 'read-back' ||
        task.kind !== 'read-back' ||
        result.differing.length === 0
      ) {
        return;
      }

      throw notAsWritten(task.path, result.differing[0] ?? 0);
    };

    await this.#guard(() =>
      this.#pool.runAll(planReadBack(this.writer), check),
    );
  }

  async close(): Promise<void> {
    this.options.signal?.removeEventListener('abort', this.#stop);
    await this.#pool.close();
  }

  readonly #stop = (): void => {
    this.#pool.fail(this.options.signal?.reason as Error);
  };

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw toSpaceError(error);
    }
  }

  /** Packs in this thread, before there is any other, with the slots that the first one will have. */
  #packHere(settings: PackWorkerData): (task: PackTask) => PackResult {
    const packer = new TaskPacker(settings, (block) => {
      this.#addBlock(block, settings.worker);
    });
    return (task) => packer.run(task);
  }

  #slotsOf(worker: number): BlockSlots {
    const slots = this.#slots[worker];
    if (!slots) throw new Error(`there is no worker ${worker}`);
    return slots;
  }

  #addBlock(block: BlockMessage, worker: number): void {
    const slots = this.#slotsOf(worker);
    const { buffer, byteOffset, byteLength } = block.central;
    const central = Buffer.from(buffer, byteOffset, byteLength);

    this.writer.addBlock(
      slots.bytes(block.slot).subarray(0, block.lengthBytes),
      block.crc,
      central,
      block.entries,
    );
    slots.release(block.slot);
    this.#count(block.entries, block.messages, block.sourceBytes);
  }

  #count(files: number, messages: number, sourceBytes: number): void {
    this.#counts.files += files;
    this.#counts.messages += messages;
    this.#counts.sourceBytes += sourceBytes;
    this.options.onProgress?.(this.#counts);
  }

  async #packLarge(file: LargeFile): Promise<void> {
    const { name } = file;
    try {
      const size = Number(measureLargeFile(file).size);
      const fault = findSizeFault(file, size, this.options);

      if (fault !== undefined) {
        this.#addIssue('oversize', name, fault);
        return;
      }

      const before = this.#counts.sourceBytes;
      const outcome = await packLargeFile(this.#largeContext(), file);

      this.#counts.sourceBytes = before + outcome.sizeBytes;
      this.#count(1, isMessagePath(name) ? 1 : 0, 0);
      if (outcome.parts > 1) this.split.push(name);
      if (!outcome.isSettled) this.#addUnsettled(name);
    } catch (error) {
      if (!(error instanceof SourceReadError)) throw error;

      if (error.message === 'ENOENT') this.vanished.add(name);
      else this.#addUnreadable(file, error.message);
    }
  }

  #largeContext(): Parameters<typeof packLargeFile>[0] {
    return {
      writer: this.writer,
      volumeLimitBytes: this.options.volumeLimitBytes,
      depth: this.#pool.depth,
      deflate: (task) => this.#deflate(task),
      bytesOf: ({ worker, slot, lengthBytes }) =>
        this.#slotsOf(worker).bytes(slot).subarray(0, lengthBytes),
      release: ({ worker, slot }) => {
        this.#slotsOf(worker).release(slot);
      },
      onBytes: (bytes) => {
        this.#count(0, 0, bytes);
      },
    };
  }

  async #deflate(task: ChunkTask): Promise<ChunkResult> {
    try {
      return (await this.#pool.run(task)) as ChunkResult;
    } catch (error) {
      this.options.signal?.throwIfAborted();
      throw new SourceReadError(errnoOf(error) ?? messageOf(error), {
        cause: error,
      });
    }
  }

  #addIssue(kind: PackIssue['kind'], name: string, reason: string): void {
    this.issues.push({ kind, name, reason });
  }

  #addUnreadable({ path, name, ...source }: LargeFile, reason: string): void {
    if (!this.#held.add({ path, entryName: name, source, code: reason })) {
      this.#addIssue('unreadable', name, reason);
    }
  }

  #addUnsettled(name: string): void {
    this.#addIssue('unsettled', name, 'it changed while it was read, twice');
  }
}

function toFile(
  { directory, identity, followsLinks, prefix }: FilesTask,
  name: string,
): LargeFile {
  return {
    path: `${directory}/${name}`,
    name: prefix + name,
    directory,
    identity,
    followsLinks,
  };
}

/** The disk took the bytes and gives others back. */
function notAsWritten(path: string, atByte: number): KmsError {
  return new KmsError(
    'READ_BACK',
    ExitCode.failed,
    `${path} does not hold at byte ${atByte} what was written there`,
    {
      hints: [
        'Look at the health of that disk, its cable and its memory, or of the share; back up to another until then.',
        'Nothing was published; earlier archives are untouched.',
      ],
    },
  );
}

/** A full disk, and every other refusal of the system, in the documented words; anything else as it is. */
export function toSpaceError(error: unknown): unknown {
  const code = errnoOf(error);
  const kept = 'Nothing was published; earlier archives are untouched.';
  if (code !== 'ENOSPC' && code !== 'EDQUOT') {
    return toSystemError(error, { hints: [kept] }) ?? error;
  }

  return new NoSpaceError(
    code === 'ENOSPC'
      ? 'the disk of the backup directory is full'
      : 'the disk quota of the backup directory is used up',
    {
      hints: ['Free space there, or lower the number of kept backups.', kept],
      cause: error,
    },
  );
}

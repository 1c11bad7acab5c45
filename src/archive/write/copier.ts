import type { ArchiveWriter } from './archive-writer.js';
import type { PackPool } from './chunk-workers.js';
import { copyLarge } from './copy-large.js';
import type { CopyRecord } from './copy-record.js';
import type { PackRecord } from './pack-record.js';
import type {
  CopyTask,
  PackResult,
  PackTask,
  ProveResult,
  ProveTask,
} from './pack-tasks.js';

/** The objects that records are copied with: those of the packer. */
interface CopyContext {
  readonly pool: PackPool;
  readonly writer: ArchiveWriter;
  readonly record: PackRecord;
  readonly signal: AbortSignal | undefined;
}

/** Copies records of other archives into an ArchiveWriter. Faults of those archives are noted, and end nothing. */
export class Copier {
  constructor(private readonly context: CopyContext) {}

  get copied(): CopyRecord {
    return this.context.record.copied;
  }

  /** Copies records that fit into blocks; returns when they are written. @throws {Error} when they cannot be written */
  async copy(tasks: Iterable<CopyTask>): Promise<void> {
    const { pool, signal } = this.context;
    signal?.throwIfAborted();

    await pool.runAll(tasks, (result, task) => {
      if (result.kind !== 'copy' || task.kind !== 'copy') return;

      this.copied.add(task.volume.name, result);
    });
  }

  /** Copies the others, each as soon as a thread has proven it. */
  async copyLarge(tasks: readonly ProveTask[]): Promise<void> {
    if (tasks.length === 0) return;

    const { pool } = this.context;
    let writing = Promise.resolve();

    const takeResult = (result: PackResult, task: PackTask): void => {
      if (result.kind !== 'prove' || task.kind !== 'prove') return;

      writing = writing.then(() => this.#copyProven(task, result));
      writing.catch(() => undefined); // awaited below
    };

    pool.grow();
    await pool.runAll(tasks, takeResult);
    await writing;
  }

  async #copyProven(
    task: ProveTask,
    { pieces, fault }: ProveResult,
  ): Promise<void> {
    const { writer, record, signal } = this.context;
    const { name: volume } = task.volume;
    signal?.throwIfAborted();

    const found = fault ?? (await copyLarge({ task, pieces }, writer, record));

    if (found) {
      this.copied.add(volume, { files: 0, storedBytes: 0, faults: [found] });
      return;
    }

    const storedBytes = pieces.reduce(
      (sum, { lengthBytes }) => sum + lengthBytes,
      0,
    );

    this.copied.add(volume, { files: 1, storedBytes, faults: [] });
  }
}

import type { WorkerPool } from '../../platform/worker-pool.js';
import type { BlockSlots } from './block-slots.js';
import type {
  BlockMessage,
  ChunkResult,
  ChunkTask,
  PackResult,
  PackTask,
} from './pack-tasks.js';
import { SourceReadError, toReadFault } from './read-fault.js';

/** The threads of the packer. */
export type PackPool = WorkerPool<PackTask, PackResult, BlockMessage>;

/** Deflates chunks of large files in the threads of the packer, and reaches the slots that hold the results. */
export class ChunkWorkers {
  constructor(
    private readonly pool: PackPool,
    private readonly slots: readonly BlockSlots[],
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** The number of chunks that are worth having under way. */
  get depth(): number {
    return this.pool.depth;
  }

  /** @throws {SourceReadError} when the file cannot be read */
  async deflate(task: ChunkTask): Promise<ChunkResult> {
    try {
      return (await this.pool.run(task)) as ChunkResult;
    } catch (error) {
      this.signal?.throwIfAborted();
      throw new SourceReadError(toReadFault(error), { cause: error });
    }
  }

  /** The deflated bytes, until `release`. */
  bytesOf({ worker, slot, lengthBytes }: ChunkResult): Buffer {
    return slotsOf(this.slots, worker).bytes(slot).subarray(0, lengthBytes);
  }

  release({ worker, slot }: ChunkResult): void {
    slotsOf(this.slots, worker).release(slot);
  }
}

export function slotsOf(
  slots: readonly BlockSlots[],
  worker: number,
): BlockSlots {
  const workerSlots = slots[worker];
  if (!workerSlots) throw new Error(`there is no worker ${worker}`);

  return workerSlots;
}

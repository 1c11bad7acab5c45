/**
 * Memory that a worker fills and the main thread writes to disk, without copying it between them. A worker that finds no
 * free slot waits: that is the back-pressure that bounds memory when the disk is slower than the processors.
 */

/** Files of this size and more are deflated in chunks by all workers. */
export const LARGE_FILE_BYTES = 4 << 20;
/** A block is handed over when it has grown to this size. */
export const BLOCK_BYTES = 1 << 20;
/** The largest small file, its headers, and a longest name. */
export const SLOT_BYTES = LARGE_FILE_BYTES + (256 << 10);
const SLOTS = 3;

/** One worker's slots; the two buffers are shared between the threads. */
export class BlockSlots {
  readonly #states: Int32Array;

  constructor(
    readonly memory: SharedArrayBuffer,
    readonly control: SharedArrayBuffer,
  ) {
    this.#states = new Int32Array(control);
  }

  static create(): BlockSlots {
    return new BlockSlots(
      new SharedArrayBuffer(SLOTS * SLOT_BYTES),
      new SharedArrayBuffer((SLOTS + 1) * 4),
    );
  }

  bytes(slot: number): Buffer {
    return Buffer.from(this.memory, slot * SLOT_BYTES, SLOT_BYTES);
  }

  /** Worker: the number of a free slot, waiting for one. */
  take(): number {
    for (;;) {
      const releases = Atomics.load(this.#states, SLOTS);
      for (let slot = 0; slot < SLOTS; slot++) {
        if (Atomics.compareExchange(this.#states, slot, 0, 1) === 0) {
          return slot;
        }
      }

      Atomics.wait(this.#states, SLOTS, releases);
    }
  }

  /** Main thread: the slot's bytes are on their way to the disk. */
  release(slot: number): void {
    Atomics.store(this.#states, slot, 0);
    Atomics.add(this.#states, SLOTS, 1);
    Atomics.notify(this.#states, SLOTS);
  }
}

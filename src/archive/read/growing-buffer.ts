const USUAL_BYTES = 4 << 20;

/** Memory that one use after the other takes over; it grows and never shrinks. */
export class GrowingBuffer {
  #memory = Buffer.alloc(0);

  /** The memory, at least `bytes` long; what it held is lost where it grows. */
  atLeast(bytes: number): Buffer {
    if (this.#memory.length < bytes) {
      this.#memory = Buffer.allocUnsafeSlow(Math.max(bytes, USUAL_BYTES));
    }

    return this.#memory;
  }
}

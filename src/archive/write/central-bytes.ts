/** The central headers of a volume while it is written. */

const CHUNK_BYTES = 1 << 20;
/** Memory of volumes that are closed, for those to come. */
const spare: Buffer[] = [];

interface Chunk {
  readonly memory: Buffer;
  filled: number;
}

export class CentralBytes {
  readonly #chunks: Chunk[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies whole headers, whose own memory is free then. */
  add(headers: Uint8Array): void {
    let last = this.#chunks.at(-1);

    if (!last || last.filled + headers.length > last.memory.length) {
      last = { memory: takeMemory(headers.length), filled: 0 };
      this.#chunks.push(last);
    }

    last.memory.set(headers, last.filled);
    last.filled += headers.length;
    this.#length += headers.length;
  }

  /** Forgets all headers behind a length. */
  cut(length: number): void {
    while (this.#length > length) {
      const last = this.#chunks.at(-1);
      if (!last) return;

      const dropped = Math.min(last.filled, this.#length - length);
      last.filled -= dropped;
      this.#length -= dropped;
      if (last.filled > 0) continue;

      this.#chunks.pop();
      if (last.memory.length === CHUNK_BYTES) spare.push(last.memory);
    }
  }

  /** All headers in large pieces, each of whole headers; good until something is added or cut. */
  pieces(): Buffer[] {
    return this.#chunks.map(({ memory, filled }) => memory.subarray(0, filled));
  }
}

function takeMemory(leastBytes: number): Buffer {
  if (leastBytes > CHUNK_BYTES) return Buffer.allocUnsafeSlow(leastBytes);

  return spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
}

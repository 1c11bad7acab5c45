import type { RandomAccessSource } from './source.js';

const WINDOW_BYTES = 1 << 20;

/** A piece of a volume in memory that moves along with whoever goes through the volume. */
export class SlidingWindow {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(private readonly source: RandomAccessSource) {}

  /** The bytes from `offset` on, fewer where the volume ends; good until the next call. */
  async at(offset: number, length: number): Promise<Buffer> {
    const end = Math.min(offset + length, this.source.sizeBytes);
    if (end <= offset) return Buffer.alloc(0);

    const isHeld =
      offset >= this.#start && end <= this.#start + this.#bytes.length;
    if (!isHeld) await this.#move(offset, end);

    return this.#bytes.subarray(offset - this.#start, end - this.#start);
  }

  /** The offset of the next of these signatures from `from` on and before `end`; undefined where there is none. */
  async find(
    signature: Buffer,
    from: number,
    end: number,
  ): Promise<number | undefined> {
    const step = WINDOW_BYTES - signature.length;

    for (let at = from; at + signature.length <= end; at += step) {
      const bytes = await this.at(at, Math.min(WINDOW_BYTES, end - at));
      const found = bytes.indexOf(signature);
      if (found !== -1) return at + found;
    }

    return undefined;
  }

  async #move(offset: number, end: number): Promise<void> {
    const { sizeBytes } = this.source;
    const length = Math.min(
      Math.max(end - offset, WINDOW_BYTES),
      sizeBytes - offset,
    );

    this.#bytes = await this.source.read(offset, length);
    this.#start = offset;
  }
}

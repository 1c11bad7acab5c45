import { ENGINE_TEXT } from './engine-text.js';
import { makeModule, type ModuleExports } from './module.js';

/**
 * The WebAssembly of assembly/: raw deflate of data that lie in its memory, or are copied into it. It never grows, so that the
 * view of it stays valid.
 */

/** Data of this size at most are deflated at once. */
export const PIECE_BYTES = 1 << 20;

/** The functions of assembly/index.ts. */
interface Exports extends ModuleExports {
  prepare(): void;
  place(windowBytes: number, bytes: number): number;
  deflate(level: number, isFinal: number): number;
  outputPlace(): number;
}

/** The stretch of data that is deflated, and its place in a stream. */
export interface Piece {
  readonly data: Uint8Array;
  /** The bytes before it, which matches may reach: a window at most. */
  readonly window: Uint8Array;
  readonly level: number;
  /** The stream ends with it; else it ends at a byte, and another piece follows. */
  readonly isLast: boolean;
}

export class Engine {
  readonly #exports: Exports;
  readonly #memory: Buffer;
  readonly #outputAt: number;
  /** What `room` gave; nothing lies at 0. */
  #roomAt = 0;
  #roomBytes = 0;

  /** @throws {Error} where there is no WebAssembly, or not all of it */
  constructor() {
    this.#exports = makeModule(ENGINE_TEXT) as Exports;
    this.#memory = Buffer.from(this.#exports.memory.buffer);
    this.#exports.prepare();
    this.#outputAt = this.#exports.outputPlace();
  }

  /**
   * Room for data of some size, and a byte more. Data of that very size are deflated where they lie, others must not lie there;
   * good until the next call.
   */
  room(bytes: number): Buffer {
    this.#roomAt = this.#exports.place(0, bytes);
    this.#roomBytes = bytes;

    return this.#memory.subarray(this.#roomAt, this.#roomAt + bytes + 1);
  }

  /** Deflates a piece; the result is good until the next call. */
  deflate({ data, window, level, isLast }: Piece): Uint8Array {
    if (window.length > 0 || !this.#isInRoom(data)) this.#put(data, window);
    this.#roomAt = 0;

    const written = this.#exports.deflate(level, isLast ? 1 : 0);

    return this.#memory.subarray(this.#outputAt, this.#outputAt + written);
  }

  #isInRoom({ buffer, byteOffset, length }: Uint8Array): boolean {
    return (
      buffer === this.#memory.buffer &&
      byteOffset === this.#roomAt &&
      length === this.#roomBytes
    );
  }

  /** @throws {Error} for data in this memory: they could be written over, while their checksum is still to be taken */
  #put(data: Uint8Array, window: Uint8Array): void {
    if (data.buffer === this.#memory.buffer) {
      throw new Error('the data lie in the memory of the engine');
    }

    const at = this.#exports.place(window.length, data.length);

    if (window.length > 0) this.#memory.set(window, at);
    this.#memory.set(data, at + window.length);
  }
}

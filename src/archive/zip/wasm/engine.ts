import { ENGINE_TEXT } from './engine-text.js';
import { makeModule, type ModuleExports } from './module.js';

/**
 * The WebAssembly of assembly/: raw deflate of data that are copied into its memory. The memory never grows, so that the
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
  readonly #memory: Uint8Array;
  readonly #outputAt: number;

  /** @throws {Error} where there is no WebAssembly, or not all of it */
  constructor() {
    this.#exports = makeModule(ENGINE_TEXT) as Exports;
    this.#memory = new Uint8Array(this.#exports.memory.buffer);
    this.#exports.prepare();
    this.#outputAt = this.#exports.outputPlace();
  }

  /** Deflates a piece; the result is good until the next call. */
  deflate({ data, window, level, isLast }: Piece): Uint8Array {
    const at = this.#exports.place(window.length, data.length);
    if (window.length > 0) this.#memory.set(window, at);
    this.#memory.set(data, at + window.length);

    const written = this.#exports.deflate(level, isLast ? 1 : 0);

    return this.#memory.subarray(this.#outputAt, this.#outputAt + written);
  }
}

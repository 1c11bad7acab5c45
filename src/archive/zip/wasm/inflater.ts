import { INFLATER_TEXT } from './inflater-text.js';
import { makeModule, type ModuleExports } from './module.js';

/**
 * The WebAssembly of assembly/inflate/: inflates a raw deflate stream in its own memory, straight from where the stream
 * was read to. The memory never grows, so that the views of it stay valid.
 */

/** The functions of assembly/inflate/index.ts. */
interface Exports extends ModuleExports {
  prepare(): void;
  inputPlace(): number;
  inputBytes(): number;
  outputPlace(): number;
  outputBytes(): number;
  inflate(at: number, bytes: number, size: number): number;
  usedBytes(): number;
}

export class Inflater {
  readonly #exports: Exports;
  readonly #memory: Buffer;
  readonly #inputAt: number;
  readonly #outputAt: number;
  readonly #outputBytes: number;
  /** Data that lie here are not copied. */
  readonly input: Buffer;

  /** @throws {Error} where there is no WebAssembly, or not all of it */
  constructor() {
    const exports = makeModule(INFLATER_TEXT) as Exports;
    exports.prepare();

    this.#exports = exports;
    this.#memory = Buffer.from(exports.memory.buffer);
    this.#inputAt = exports.inputPlace();
    this.#outputAt = exports.outputPlace();
    this.#outputBytes = exports.outputBytes();
    this.input = this.#memory.subarray(
      this.#inputAt,
      this.#inputAt + exports.inputBytes(),
    );
  }

  /** Says whether a stream of this length, with a result of this size, has room. */
  hasRoomFor(bytes: number, size: number): boolean {
    return bytes <= this.input.length && size <= this.#outputBytes;
  }

  /**
   * Inflates a stream at the beginning of `data`.
   * @param size the largest result
   * @returns the result, good until the next call; undefined where the stream is refused: broken, unfinished, or too long
   */
  inflate(data: Uint8Array, size: number): Buffer | undefined {
    const written = this.#exports.inflate(
      this.#placeOf(data),
      data.length,
      size,
    );

    return written < 0
      ? undefined
      : this.#memory.subarray(this.#outputAt, this.#outputAt + written);
  }

  /** The bytes of the data that belonged to the stream of the last call. */
  get usedBytes(): number {
    return this.#exports.usedBytes();
  }

  #placeOf(data: Uint8Array): number {
    if (data.buffer === this.#memory.buffer) return data.byteOffset;

    this.#memory.set(data, this.#inputAt);

    return this.#inputAt;
  }
}

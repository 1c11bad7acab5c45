/**
 * One zlib state for many streams, or for one stream that comes in pieces.
 *
 * The synchronous calls of node:zlib make a stream object and a state for each call: for mail of 5 KB that is a third of
 * inflating and an eighth of deflating (docs/decisions/0025). The native handle behind a stream can be reset instead, but
 * Node does not document it: `hasUsableHandles` tries each thread's handles first.
 */

/** The part of Node's native handle that is used (lib/zlib.js of Node 20 to 24). */
interface NativeHandle {
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputBytes: number,
    output: Uint8Array,
    outputOffset: number,
    outputBytes: number,
  ): void;
  onerror: (message: string, errno: number, code: string) => void;
}

interface StreamWithHandle {
  readonly _handle: NativeHandle;
  /** After a write: the room left in the output, then the input left. */
  readonly _writeState: Uint32Array;
}

/** The result of one step of a state. */
export interface Step {
  /** Bytes that the step wrote to the output. */
  readonly written: number;
  /** Bytes of the input that the step left. */
  readonly unread: number;
}

export class ReusableState {
  readonly #handle: NativeHandle;
  readonly #left: Uint32Array;
  readonly #errors: Error[] = [];

  /** @param stream of `createDeflateRaw` or `createInflateRaw` */
  constructor(stream: unknown) {
    const { _handle: handle, _writeState: left } = stream as StreamWithHandle;
    this.#handle = handle;
    this.#left = left;
    handle.onerror = (message, errno, code) => {
      this.#errors.push(Object.assign(new Error(message), { errno, code }));
    };
  }

  /** One whole stream. @throws {Error} with zlib's code, `Z_…` */
  run(input: Uint8Array, output: Uint8Array, flush: number): Step {
    this.reset();

    return this.step(input, output, flush);
  }

  /** Begins a stream. */
  reset(): void {
    this.#handle.reset();
  }

  /** The next piece of a stream. @throws {Error} with zlib's code, `Z_…` */
  step(input: Uint8Array, output: Uint8Array, flush: number): Step {
    this.#handle.writeSync(
      flush,
      input,
      0,
      input.length,
      output,
      0,
      output.length,
    );

    const error = this.#errors.pop();
    if (error) throw error;

    return {
      written: output.length - (this.#left[0] ?? 0),
      unread: this.#left[1] ?? 0,
    };
  }
}

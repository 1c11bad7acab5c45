import { pipeline } from 'node:stream/promises';
import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  deflateRawSync,
  inflateRawSync,
} from 'node:zlib';

/**
 * One zlib state for many small files, and for a large one without a thread's hand-over for each piece. node:zlib's
 * synchronous calls make a stream object and a state for each call: for
 * mail of 5 KB that is a third of inflating and an eighth of deflating (decision record 25). The native handle behind a
 * stream can be reset instead, but Node does not document it: whether this Node's handles do what is needed is tried once
 * a thread, and where they do not the documented calls serve.
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
  /** Room left in the output, input left, after a write. */
  readonly _writeState: Uint32Array;
}

/** What a step of a state did. */
interface Step {
  readonly written: number;
  readonly unread: number;
}

class ReusableState {
  readonly #handle: NativeHandle;
  readonly #left: Uint32Array;
  readonly #errors: Error[] = [];

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

  /** The next part of a stream. @throws {Error} with zlib's code, `Z_…` */
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

const deflaters = new Map<number, ReusableState>();
let inflater: ReusableState | undefined;

/** What a deflate state is made with. */
export interface DeflateSettings {
  readonly level: number;
  readonly strategy: number;
  readonly windowBits: number;
  readonly memLevel: number;
}

/**
 * Deflates `input` into `output` and returns how many bytes that took; undefined where they do not fit.
 * @param finishFlush Z_FINISH ends the stream, Z_SYNC_FLUSH lets another part follow
 */
export function deflateInto(
  input: Uint8Array,
  output: Uint8Array,
  settings: DeflateSettings,
  finishFlush: number,
): number | undefined {
  if (output.length === 0) return undefined;

  if (!hasUsableHandles()) {
    const bytes = deflateRawSync(input, { ...settings, finishFlush });
    if (bytes.length > output.length) return undefined;

    output.set(bytes);

    return bytes.length;
  }

  const { written, unread } = deflaterFor(settings).run(
    input,
    output,
    finishFlush,
  );

  // An output that is full may hold all or not: the file is stored then.
  return unread > 0 || written === output.length ? undefined : written;
}

function deflaterFor(settings: DeflateSettings): ReusableState {
  const { level, strategy, windowBits, memLevel } = settings;
  const key = ((level * 8 + strategy) * 16 + windowBits) * 16 + memLevel;
  let state = deflaters.get(key);
  if (!state) {
    deflaters.set(key, (state = new ReusableState(createDeflateRaw(settings))));
  }

  return state;
}

/**
 * Inflates all of `input` into `output`, which has one byte more room than is expected.
 * @param finishFlush Z_SYNC_FLUSH where `input` is only the beginning of a stream
 * @returns how many bytes it gave (`output.length` stands for that many or more) and how many of `input` follow the stream
 * @throws {Error} with zlib's code, `Z_…`, for broken or unfinished data
 */
export function inflateInto(
  input: Uint8Array,
  output: Uint8Array,
  finishFlush = constants.Z_FINISH,
): Step {
  if (!hasUsableHandles()) return inflateByCall(input, output, finishFlush);

  inflater ??= new ReusableState(createInflateRaw());

  try {
    return inflater.run(input, output, finishFlush);
  } catch (error) {
    inflater = undefined;
    throw error;
  }
}

function inflateByCall(
  input: Uint8Array,
  output: Uint8Array,
  finishFlush: number,
): Step {
  const options = {
    maxOutputLength: output.length,
    chunkSize: Math.max(64, output.length),
    finishFlush,
    info: true,
  };

  // The types of Node do not know `info`: it adds the engine, which counts what it took.
  const { buffer, engine } = inflateRawSync(input, options) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };

  output.set(buffer);

  return { written: buffer.length, unread: input.length - engine.bytesWritten };
}

const PIECE_OUTPUT_BYTES = 1 << 18;

/**
 * Inflates one stream that comes in pieces; neither it nor what it gives is ever held whole.
 * @param pieces read one after the other; the memory of one may serve the next
 * @param take sees what came out, in memory that is used again when it returns
 * @returns how many bytes of the pieces the stream had
 * @throws {Error} with zlib's code, `Z_…`, for broken or unfinished data
 */
export async function inflatePieces(
  pieces: Iterable<Uint8Array>,
  take: (bytes: Uint8Array) => void,
): Promise<number> {
  if (!hasUsableHandles()) return inflateByStream(pieces, take);

  const state = new ReusableState(createInflateRaw());
  const output = Buffer.allocUnsafeSlow(PIECE_OUTPUT_BYTES);
  let taken = 0;

  for (const piece of pieces) {
    taken += stepThrough(state, piece, output, {
      take,
      flush: constants.Z_NO_FLUSH,
    });
  }

  stepThrough(state, new Uint8Array(0), output, {
    take,
    flush: constants.Z_FINISH,
  });

  return taken;
}

/** Steps until a piece is used up or the stream ended in it; returns how much of it was used. */
function stepThrough(
  state: ReusableState,
  piece: Uint8Array,
  output: Buffer,
  {
    take,
    flush,
  }: { readonly take: (bytes: Uint8Array) => void; readonly flush: number },
): number {
  for (let at = 0; ;) {
    const { written, unread } = state.step(piece.subarray(at), output, flush);
    at = piece.length - unread;
    if (written > 0) take(output.subarray(0, written));
    if (written < output.length) return at;
  }
}

async function inflateByStream(
  pieces: Iterable<Uint8Array>,
  take: (bytes: Uint8Array) => void,
): Promise<number> {
  const inflate = createInflateRaw({ chunkSize: PIECE_OUTPUT_BYTES });
  const copies = function* (): Generator<Buffer> {
    for (const piece of pieces) yield Buffer.from(piece);
  };

  await pipeline(copies, inflate, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) take(chunk);
  });

  return inflate.bytesWritten;
}

let isUsable: boolean | undefined;

/** Whether resetting and writing give what the documented calls give. Tried twice over, so that the reset counts. */
function hasUsableHandles(): boolean {
  return (isUsable ??= tryHandles());
}

function tryHandles(): boolean {
  const sample = Buffer.from(
    'From: alice@example.com\r\nTo: bob@example.com\r\n\r\nHello Bob\r\n'.repeat(
      9,
    ),
  );

  try {
    const deflater = new ReusableState(createDeflateRaw());
    const reader = new ReusableState(createInflateRaw());

    for (const data of [sample, sample.subarray(7, 301)]) {
      const packed = Buffer.alloc(1000);
      const { written, unread } = deflater.run(
        data,
        packed,
        constants.Z_FINISH,
      );

      const stream = packed.subarray(0, written);
      const output = Buffer.alloc(data.length + 1);

      const inflated = inTwoSteps(
        reader,
        Buffer.concat([stream, sample]),
        output,
      );

      const isRight =
        unread === 0 &&
        inflateRawSync(stream).equals(data) &&
        inflated.unread === sample.length &&
        inflated.written === data.length &&
        output.subarray(0, data.length).equals(data);

      if (!isRight || !reportsBrokenData(stream)) return false;
    }

    return true;
  } catch {
    return false; // not the handles we know
  }
}

/** A little at a time and then the rest, as a stream that comes in pieces. */
function inTwoSteps(
  reader: ReusableState,
  input: Buffer,
  output: Buffer,
): Step {
  reader.reset();

  const first = reader.step(input.subarray(0, 9), output, constants.Z_NO_FLUSH);
  const rest = input.subarray(9 - first.unread);

  const second = reader.step(
    rest,
    output.subarray(first.written),
    constants.Z_FINISH,
  );

  return { written: first.written + second.written, unread: second.unread };
}

function reportsBrokenData(stream: Buffer): boolean {
  const broken = [stream.subarray(0, -1), Buffer.from([0xff, 0xff, 0xff])];
  return broken.every((data) => {
    try {
      new ReusableState(createInflateRaw()).run(
        data,
        Buffer.alloc(2000),
        constants.Z_FINISH,
      );

      return false;
    } catch (error) {
      return (
        error instanceof Error &&
        'code' in error &&
        String(error.code).startsWith('Z_')
      );
    }
  });
}

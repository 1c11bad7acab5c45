import { pipeline } from 'node:stream/promises';
import { constants, createInflateRaw, inflateRawSync } from 'node:zlib';
import {
  type Inflated,
  InflateError,
  type InflateRoom,
} from '../codec-types.js';
import { ReusableState, type Step } from './reusable-state.js';
import { hasUsableHandles, isZlibError } from './usable-handles.js';

/** Up to this size a result gets memory of its whole size at once; above it memory grows with what is really inflated. */
const SMALL_BYTES = 1 << 20;
const PIECE_OUTPUT_BYTES = 1 << 18;

let inflater: ReusableState | undefined;

/** `Codec.inflate` by zlib. */
export function inflate(data: Uint8Array, room: InflateRoom): Inflated {
  try {
    const { bytes, unread } = inflateAny(data, room);
    if (bytes.length > room.size) {
      throw new InflateError('too long', 'the result goes on');
    }

    return { bytes, unread };
  } catch (error) {
    throw toInflateError(error);
  }
}

function inflateAny(
  data: Uint8Array,
  { size, isBeginning = false, memory }: InflateRoom,
): Inflated {
  const finishFlush = isBeginning ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
  const isLarge = !memory && size > SMALL_BYTES;

  if (isLarge || !hasUsableHandles()) {
    return inflateByCall(data, size, finishFlush);
  }

  // One byte more than expected shows a stream that goes on.
  const output = memory
    ? memory.subarray(0, size + 1)
    : Buffer.allocUnsafeSlow(size + 1);

  const { written, unread } = inflateByHandle(data, output, finishFlush);

  return { bytes: output.subarray(0, written), unread };
}

function inflateByHandle(
  data: Uint8Array,
  output: Uint8Array,
  finishFlush: number,
): Step {
  inflater ??= new ReusableState(createInflateRaw());

  try {
    return inflater.run(data, output, finishFlush);
  } catch (error) {
    inflater = undefined;
    throw error;
  }
}

function inflateByCall(
  data: Uint8Array,
  size: number,
  finishFlush: number,
): Inflated {
  const options = {
    maxOutputLength: size + 1,
    chunkSize: Math.max(64, Math.min(size + 1, SMALL_BYTES)),
    finishFlush,
    info: true,
  };

  // The types of Node do not know `info`: it adds the engine, which counts what it took.
  const { buffer, engine } = inflateRawSync(data, options) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };

  return { bytes: buffer, unread: data.length - engine.bytesWritten };
}

/** `Codec.inflatePieces` by zlib. */
export async function inflatePieces(
  pieces: Iterable<Uint8Array>,
  take: (bytes: Uint8Array) => void,
): Promise<number> {
  try {
    return hasUsableHandles()
      ? stepThroughPieces(pieces, take)
      : await inflateByStream(pieces, take);
  } catch (error) {
    throw toInflateError(error);
  }
}

function stepThroughPieces(
  pieces: Iterable<Uint8Array>,
  take: (bytes: Uint8Array) => void,
): number {
  const state = new ReusableState(createInflateRaw());
  const output = Buffer.allocUnsafeSlow(PIECE_OUTPUT_BYTES);
  let usedBytes = 0;

  /** Steps until the piece is used up or the stream has ended in it; returns the number of bytes used. */
  const stepThrough = (piece: Uint8Array, flush: number): number => {
    for (let at = 0; ;) {
      const step = state.step(piece.subarray(at), output, flush);
      at = piece.length - step.unread;
      if (step.written > 0) take(output.subarray(0, step.written));
      if (step.written < output.length) return at;
    }
  };

  for (const piece of pieces) {
    usedBytes += stepThrough(piece, constants.Z_NO_FLUSH);
  }

  stepThrough(new Uint8Array(0), constants.Z_FINISH);

  return usedBytes;
}

async function inflateByStream(
  pieces: Iterable<Uint8Array>,
  take: (bytes: Uint8Array) => void,
): Promise<number> {
  const stream = createInflateRaw({ chunkSize: PIECE_OUTPUT_BYTES });
  const copies = function* (): Generator<Buffer> {
    for (const piece of pieces) yield Buffer.from(piece);
  };

  await pipeline(copies, stream, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) take(chunk);
  });

  return stream.bytesWritten;
}

/** The codec's own error where zlib refused the data; any other error as it is. */
function toInflateError(error: unknown): unknown {
  if (isZlibError(error)) {
    return new InflateError('broken', error.message, { cause: error });
  }

  const isTooLong =
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_BUFFER_TOO_LARGE';

  return isTooLong
    ? new InflateError('too long', error.message, { cause: error })
    : error;
}

import type { DeflatePlace } from '../codec-types.js';
import { deflate as deflateByZlib } from '../zlib/deflate.js';
import { type Engine, PIECE_BYTES } from './engine.js';
import { giveUpEngine, usableEngine } from './usable-engine.js';

/**
 * Deflate by our own engine, which finds base64 of attachments in mail and codes it by Huffman alone
 * (docs/decisions/0032). What comes out depends on the data and the level alone.
 */

/** Data that our own engine deflates. */
type OwnPlace = Exclude<DeflatePlace, { readonly kind: 'text' }>;

const WINDOW_BYTES = 32_768;
const NOTHING = new Uint8Array(0);

/** `Codec.deflate` by our own engine; by zlib where there is none, and for the few texts that this program writes. */
export function deflate(
  data: Uint8Array,
  output: Uint8Array,
  place: DeflatePlace,
): number | undefined {
  if (place.kind === 'text') return deflateByZlib(data, output, place);

  try {
    const engine = usableEngine();
    if (engine) return deflateByOwn(engine, data, output, place);
  } catch (error) {
    giveUpEngine(error);
  }

  // Where the engine failed, this writes over what it had written.
  return deflateByZlib(data, output, place);
}

/** `Codec.deflateMemory`: that of the engine. */
export function deflateMemory(bytes: number): Buffer | undefined {
  return bytes > PIECE_BYTES ? undefined : usableEngine()?.room(bytes);
}

function deflateByOwn(
  engine: Engine,
  data: Uint8Array,
  output: Uint8Array,
  place: OwnPlace,
): number | undefined {
  if (place.kind === 'chunk' || data.length > PIECE_BYTES) {
    return deflatePieces(engine, data, output, place);
  }

  const { level } = place;
  const bytes = engine.deflate({ data, window: NOTHING, level, isLast: true });
  if (bytes.length > output.length) return undefined;

  output.set(bytes);

  return bytes.length;
}

/** As many pieces as the data need, at least one, each with the window before it. */
function deflatePieces(
  engine: Engine,
  data: Uint8Array,
  output: Uint8Array,
  place: OwnPlace,
): number | undefined {
  const { level } = place;
  const isStreamEnd = place.kind === 'file' || place.isLast;
  let window = place.kind === 'file' ? NOTHING : place.before;
  let written = 0;

  for (let at = 0; at === 0 || at < data.length; at += PIECE_BYTES) {
    const end = at + PIECE_BYTES;
    const isLast = isStreamEnd && end >= data.length;

    const bytes = engine.deflate({
      data: data.subarray(at, end),
      window: window.subarray(-WINDOW_BYTES),
      level,
      isLast,
    });

    if (bytes.length > output.length - written) return undefined;

    output.set(bytes, written);
    written += bytes.length;
    window = data.subarray(Math.max(0, end - WINDOW_BYTES), end);
  }

  return written;
}

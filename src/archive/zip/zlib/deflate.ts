import { constants, deflateRawSync } from 'node:zlib';
import type { DeflatePlace } from '../codec-types.js';
import { splitSegments, sumOfSquares } from './base64-runs.js';
import { deflateInto, type DeflateSettings } from './deflate-into.js';

/**
 * Deflate that knows mail. The search for repeated strings finds nothing in base64 of compressed attachments: Huffman
 * coding alone gives the same size several times faster (docs/decisions/0008). Only the strategy changes between the
 * segments of a file, never the format: the result is one raw deflate stream (RFC 1951).
 */

const WINDOW_BYTES = 32_768;
const WHOLE_WINDOW = { windowBits: 15, memLevel: 8 };
/** The settings that zlib itself begins with. */
const TEXT_SETTINGS: DeflateSettings = {
  level: 6,
  strategy: constants.Z_DEFAULT_STRATEGY,
  ...WHOLE_WINDOW,
};

/** `Codec.deflate` by zlib. */
export function deflate(
  data: Uint8Array,
  output: Uint8Array,
  place: DeflatePlace,
): number | undefined {
  switch (place.kind) {
    case 'file':
      return deflateFile(data, output, place.level);

    case 'chunk':
      return deflateChunk(data, output, place);

    case 'text':
      return deflateInto(data, output, TEXT_SETTINGS, constants.Z_FINISH);
  }
}

/** Each segment by a state that is used again, straight into the output. */
function deflateFile(
  data: Uint8Array,
  output: Uint8Array,
  level: number,
): number | undefined {
  const segments = splitSegments(data);
  let at = 0;

  for (const [index, { start, end, isBase64 }] of segments.entries()) {
    const bytes = data.subarray(start, end);
    const isEnd = index === segments.length - 1;

    const written = deflateInto(
      bytes,
      output.subarray(at),
      settingsFor(bytes, level, isBase64),
      isEnd ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    );

    if (written === undefined) return undefined;

    at += written;
  }

  return at;
}

/** Each segment by a documented call: only that takes the bytes before a chunk. */
function deflateChunk(
  data: Uint8Array,
  output: Uint8Array,
  { level, before, isLast }: DeflatePlace & { readonly kind: 'chunk' },
): number | undefined {
  const segments = splitSegments(data);
  let at = 0;

  for (const [index, { start, end, isBase64 }] of segments.entries()) {
    const bytes = data.subarray(start, end);
    const isEnd = isLast && index === segments.length - 1;

    const piece = deflateRawSync(bytes, {
      ...settingsFor(bytes, level, isBase64),
      ...(index === 0 && !isBase64 ? primedBy(before) : {}),
      chunkSize: Math.max(64, Math.min(1 << 20, deflateBound(bytes.length))),
      finishFlush: isEnd ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    });

    if (piece.length > output.length - at) return undefined;

    output.set(piece, at);
    at += piece.length;
  }

  return at;
}

/** The settings of a state whose window holds what precedes a chunk. */
function primedBy(before: Uint8Array): object {
  return {
    ...WHOLE_WINDOW,
    ...(before.length > 0 && { dictionary: before.subarray(-WINDOW_BYTES) }),
  };
}

function settingsFor(
  bytes: Uint8Array,
  level: number,
  isBase64: boolean,
): DeflateSettings {
  if (isBase64) return { ...stateForRun(bytes.length), level };

  return {
    level: isIncompressible(bytes) ? 0 : level,
    strategy: constants.Z_DEFAULT_STRATEGY,
    ...stateForSize(bytes.length),
  };
}

/** One block of symbols holds the run, and no more: a state that is used again clears its table first. */
function stateForRun(bytes: number): Omit<DeflateSettings, 'level'> {
  const bits = Math.ceil(Math.log2(bytes)) - 6;

  return {
    strategy: constants.Z_HUFFMAN_ONLY,
    windowBits: 15,
    memLevel: Math.min(9, Math.max(4, bits)),
  };
}

/** Small data needs no 32 KiB window and no 16 K symbols a block: setting them up would cost more than the work. */
function stateForSize(bytes: number): typeof WHOLE_WINDOW {
  const bits = Math.max(9, Math.ceil(Math.log2(Math.max(2, bytes + 262))));

  return {
    windowBits: Math.min(15, bits),
    memLevel: Math.min(8, Math.max(4, bits - 6)),
  };
}

/**
 * Data that were compressed before are stored: noise uses each of 256 values 16 times in 4,096, a sum of squares near
 * 69,600.
 */
function isIncompressible(bytes: Uint8Array): boolean {
  return bytes.length >= 16_384 && sumOfSquares(bytes) < 75_000;
}

/** `Codec.deflateBound`: the stored blocks of zlib hold at least 16,383 bytes (RFC 1951 3.2.4). */
export function deflateBound(bytes: number): number {
  return bytes + Math.ceil(bytes / 8192) * 5 + 64;
}

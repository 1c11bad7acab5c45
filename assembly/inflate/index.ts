/**
 * Inflating one stream of known size that lies in memory: the functions of a WebAssembly module of its own. What is
 * refused here is given to another inflater, which says why; what is accepted must be right.
 *
 * Nothing is written farther than a slack behind the announced size, whatever the stream says: each round of the loops
 * begins within the bounds, and takes and gives less than the slack.
 */
import { readCodes, usualBits, useFixedCodes } from './codes';
import { INPUT, INPUT_BYTES, OUTPUT, OUTPUT_BYTES } from './layout';
import { inflateLiterals } from './literals';
import { prepareMeanings } from './meanings';
import {
  alignToByte,
  beginStream,
  fillBits,
  inputAt,
  inputEnd,
  isWithinInput,
  outputAt,
  outputEnd,
  READ_AHEAD_BYTES,
  setInput,
  setOutput,
  takeBits,
} from './stream';
import { inflateSymbols } from './symbols';

export { usedBytes } from './stream';

const STORED: u32 = 0;
const FIXED: u32 = 1;
const DYNAMIC: u32 = 2;

/** The result where a stream is refused. */
const REFUSED: i32 = -1;

/** Fills the tables that never change; called once, before anything else. */
export function prepare(): void {
  prepareMeanings();
}

export function inputPlace(): u32 {
  return INPUT;
}

export function inputBytes(): u32 {
  return INPUT_BYTES;
}

export function outputPlace(): u32 {
  return OUTPUT;
}

export function outputBytes(): u32 {
  return OUTPUT_BYTES;
}

/**
 * Inflates a stream; the result is at the output.
 * @param at where it lies in the input
 * @param bytes of the input; the stream may end before them
 * @param size the largest result
 * @returns the bytes of the result, or -1
 */
export function inflate(at: u32, bytes: u32, size: u32): i32 {
  const isInside =
    at >= INPUT &&
    at <= INPUT + INPUT_BYTES &&
    bytes <= INPUT + INPUT_BYTES - at &&
    size <= OUTPUT_BYTES;

  if (!isInside) return REFUSED;

  beginStream(at, bytes, OUTPUT, size);

  for (let isFinal = false; !isFinal;) {
    if (inputAt > inputEnd + READ_AHEAD_BYTES) return REFUSED;

    fillBits();
    isFinal = takeBits(1) == 1;
    if (!inflateBlock(takeBits(2))) return REFUSED;
  }

  return isWithinInput() ? outputAt - OUTPUT : REFUSED;
}

function inflateBlock(type: u32): bool {
  if (type == STORED) return copyStored();

  if (type == FIXED) return useFixedCodes() && inflateSymbols();
  if (type != DYNAMIC || !readCodes()) return false;

  return usualBits > 0 ? inflateLiterals() : inflateSymbols();
}

/** Copies a stored block (RFC 1951 3.2.4). */
function copyStored(): bool {
  alignToByte();
  if (inputAt + 4 > inputEnd || outputAt > outputEnd) return false;

  const length: u32 = load<u16>(inputAt);
  const check: u32 = load<u16>(inputAt, 2);
  const from = inputAt + 4;

  const isSound =
    (length ^ check) == 0xffff &&
    length <= inputEnd - from &&
    length <= outputEnd - outputAt;

  if (!isSound) return false;

  memory.copy(outputAt, from, length);
  setInput(from + length, 0, 0);
  setOutput(outputAt + length);

  return true;
}

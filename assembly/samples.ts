/** What a sample says of data: how they are coded best. A wrong guess costs size or time, never correctness. */
import { SPARE_COUNTS } from './layout';

const SAMPLE_BYTES: u32 = 4096;
/** To count which bytes are used, each fourth of a sample is enough. */
const SAMPLE_STEP: u32 = 4;
/** A match takes about so many bits. */
const MATCH_BITS: u32 = 18;
/** What is shorter than this is never found. */
const SHORTEST: u32 = 4;
/** So many different bytes are those of text, where every match pays. */
const MANY_USED: u32 = 32;
/** Noise uses nearly all of the 256 bytes. */
const USED_BY_NOISE: u32 = 200;
/** Noise uses each of them 16 times in 4,096: a sum of squares near 69,600. */
const SQUARES_OF_NOISE: u32 = 75_000;
const LEAST_NOISE_BYTES: u32 = 16_384;

/**
 * True for base64 in which the search for matches would find next to nothing. What was compressed before uses the 64
 * letters alike: of n letters each comes n / 64 times, a sum of squares near n * n / 64 + n, where this allows a little
 * more. Encoded text and programs lie above it from 1,000 letters on.
 */
export function looksCompressed(start: u32, end: u32): bool {
  const letters = min(end - start, SAMPLE_BYTES);
  const from = start + ((end - start - letters) >> 1);
  const allowed = (letters * letters) / 64 + (letters * letters) / 800;

  return sumOfSquares(from, from + letters) < allowed + 3 * letters;
}

/** True for data that were compressed before: they are stored. */
export function looksLikeNoise(start: u32, end: u32): bool {
  return (
    end - start >= LEAST_NOISE_BYTES &&
    countUsed(start, end, USED_BY_NOISE) >= USED_BY_NOISE &&
    sumOfSquares(start, start + SAMPLE_BYTES) < SQUARES_OF_NOISE
  );
}

/** The sum of squares of how often each byte occurs: high where few are used. */
function sumOfSquares(from: u32, end: u32): u32 {
  memory.fill(SPARE_COUNTS, 0, 1024);

  for (let at = from; at < end; at++) {
    const place = SPARE_COUNTS + (load<u8>(at) as u32) * 4;
    store<u32>(place, load<u32>(place) + 1);
  }

  let sum: u32 = 0;
  for (let place = SPARE_COUNTS; place < SPARE_COUNTS + 1024; place += 4) {
    sum += load<u32>(place) * load<u32>(place);
  }

  return sum;
}

/**
 * The shortest match that pays: its literals would take as many bits as a match does. Where few bytes are used, literals
 * are short.
 */
export function leastLength(start: u32, end: u32): u32 {
  const used = countUsed(start, end, MANY_USED);
  if (used < 2 || used >= MANY_USED) return SHORTEST;

  let length: u32 = 1;
  for (let strings = used; strings < 1 << MATCH_BITS; strings *= used) length++;

  return length;
}

/** How many different bytes a sample uses; so many are enough. */
function countUsed(start: u32, end: u32, enough: u32): u32 {
  memory.fill(SPARE_COUNTS, 0, 256);
  const sampleEnd = min(end, start + SAMPLE_BYTES);
  let used: u32 = 0;

  for (let at = start; at < sampleEnd && used < enough; at += SAMPLE_STEP) {
    const place = SPARE_COUNTS + (load<u8>(at) as u32);
    used += 1 - (load<u8>(place) as u32);
    store<u8>(place, 1);
  }

  return used;
}

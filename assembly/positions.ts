/**
 * Where data lie, and the hashes under which their positions are remembered. A position is the lowest 16 bits of an
 * address.
 *
 * Inputs of the window's size at most follow each other in memory as long as their positions stay below 65,536. What an
 * earlier input left in a table lies before the beginning of this one then, and is out of bounds: tables need not be
 * cleared for each input, and no output depends on what was deflated before.
 */
import {
  CHAIN_HEADS,
  INPUT,
  MOST_HASH_BITS,
  PAIRS,
  WINDOW_BYTES,
} from './layout';

const HASH_FACTOR: u32 = 0x9e3779b1;
const LEAST_HASH_BITS: u32 = 10;
/** Position 0 means an empty place, which lies before every input. */
const FIRST_PLACE: u32 = INPUT + 64;
const LAST_PLACE: u32 = INPUT + 0xffff;

/** The place of the next input. */
let nextPlace: u32 = FIRST_PLACE;
/** The tables were filled up to so many places, counted in bits of the hash, since they were cleared. */
let filledBits: u32 = MOST_HASH_BITS;

/** No match begins before this address. */
export let begin: u32 = 0;
/** A table of the input's size stays in the nearest cache. */
let hashShift: u32 = 0;

/** The address for an input of some length, before which nothing matches. */
export function placeFor(bytes: u32): u32 {
  const isLarge = bytes > WINDOW_BYTES;
  if (isLarge || nextPlace + bytes > LAST_PLACE) {
    clearTables();
    nextPlace = FIRST_PLACE;
  }

  begin = nextPlace;
  // Positions of a large input occur twice: nothing may follow it.
  nextPlace = isLarge ? LAST_PLACE : nextPlace + bytes;

  const bits = 32 - clz<u32>(bytes | 1);
  const hashBits = max(LEAST_HASH_BITS, min(MOST_HASH_BITS, bits));
  hashShift = 32 - hashBits;
  filledBits = max(filledBits, hashBits);

  return begin;
}

function clearTables(): void {
  memory.fill(PAIRS, 0, 4 << filledBits);
  memory.fill(CHAIN_HEADS, 0, 2 << filledBits);
  filledBits = 0;
}

/** A number for four bytes, as large as the tables allow. */
// @ts-ignore: decorator
@inline
export function hashOf(bytes: u32): u32 {
  return (bytes * HASH_FACTOR) >> hashShift;
}

/** The last address before this one with some position. */
// @ts-ignore: decorator
@inline
export function addressOf(position: u32, at: u32): u32 {
  return at - ((at - position) & 0xffff);
}

/** The first address that a match of this one may begin at. */
// @ts-ignore: decorator
@inline
export function reachOf(at: u32): u32 {
  return max(begin, at - WINDOW_BYTES);
}

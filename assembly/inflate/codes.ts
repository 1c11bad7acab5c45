/** The codes of a block: fixed ones, or those that its header describes (RFC 1951 3.2.6, 3.2.7). */
import { makeTable, SYMBOL_BITS, tableBits } from './decode-table';
import {
  DISTANCE_COUNTS,
  DISTANCE_LIST,
  DISTANCE_MEANINGS,
  DISTANCE_TABLE,
  DISTANCE_TABLE_BITS,
  HEADER_LENGTHS,
  HEADER_MEANINGS,
  HEADER_TABLE,
  HEADER_TABLE_BITS,
  LITLEN_COUNTS,
  LITLEN_LIST,
  LITLEN_MEANINGS,
  LITLEN_TABLE,
  LITLEN_TABLE_BITS,
} from './layout';
import { VALUE_SHIFT } from './meanings';
import {
  bitCount,
  bits,
  fillBits,
  freeBytes,
  inputAt,
  inputEnd,
  READ_AHEAD_BYTES,
  setInput,
  takeBits,
} from './stream';

const HEADER_CODES: u32 = 19;
const COPY_PREVIOUS: u32 = 16;
const MANY_ZEROS: u32 = 18;
const END_OF_BLOCK: u32 = 256;
const MOST_LITLEN_CODES: u32 = 286;
const MOST_DISTANCE_CODES: u32 = 30;

/** The bits of a lookup in the two tables. */
export let litlenBits: u32 = 0;
export let distanceBits: u32 = 0;
/**
 * The length that most literals' codes have, where the block has no matches and no code that needs a second table; else
 * 0. The end of the block has a code of another length.
 */
export let usualBits: u32 = 0;

/** The ends of the two lists of symbols. */
let litlenEnd: u32 = 0;
let distanceEnd: u32 = 0;

/** Makes the tables of the fixed codes. */
export function useFixedCodes(): bool {
  clearCounts();

  let list = addFixed(LITLEN_LIST, LITLEN_COUNTS, 0, 144, 8);
  list = addFixed(list, LITLEN_COUNTS, 144, 256, 9);
  list = addFixed(list, LITLEN_COUNTS, 256, 280, 7);
  litlenEnd = addFixed(list, LITLEN_COUNTS, 280, 288, 8);
  distanceEnd = addFixed(DISTANCE_LIST, DISTANCE_COUNTS, 0, 32, 5);

  return makeTables();
}

function addFixed(
  from: u32,
  counts: u32,
  first: u32,
  end: u32,
  length: u32,
): u32 {
  let list = from;
  for (let symbol = first; symbol < end; symbol++) {
    list = addSymbol(list, counts, symbol, length);
  }

  return list;
}

/** Adds a symbol to a list, and returns the end of the list. */
// @ts-ignore: decorator
@inline
function addSymbol(list: u32, counts: u32, symbol: u32, length: u32): u32 {
  const place = counts + length * 4;
  store<u16>(list, ((length << SYMBOL_BITS) | symbol) as u16);
  store<u32>(place, load<u32>(place) + 1);

  return list + 2;
}

// @ts-ignore: decorator
@inline
function clearCounts(): void {
  for (let at = LITLEN_COUNTS; at < DISTANCE_COUNTS + 64; at += 16) {
    v128.store(at, i64x2.splat(0));
  }
}

function makeTables(): bool {
  const litlenCodes = (litlenEnd - LITLEN_LIST) >> 1;
  const distanceCodes = (distanceEnd - DISTANCE_LIST) >> 1;

  // Nothing but the end of a block is no block that anyone writes.
  const isSound =
    litlenCodes > 1 &&
    makeTable(
      LITLEN_TABLE,
      LITLEN_LIST,
      litlenCodes,
      LITLEN_COUNTS,
      LITLEN_MEANINGS,
      LITLEN_TABLE_BITS,
    );

  if (!isSound) return false;

  litlenBits = tableBits;
  usualBits = findUsualBits();

  const areDistancesSound = makeTable(
    DISTANCE_TABLE,
    DISTANCE_LIST,
    distanceCodes,
    DISTANCE_COUNTS,
    DISTANCE_MEANINGS,
    DISTANCE_TABLE_BITS,
  );
  distanceBits = tableBits;

  return areDistancesSound;
}

function findUsualBits(): u32 {
  const last: u32 = load<u16>(litlenEnd - 2);
  if ((last & ((1 << SYMBOL_BITS) - 1)) != END_OF_BLOCK) return 0;

  let usual: u32 = 0;
  let most: u32 = 0;

  for (let length: u32 = 1; length <= 15; length++) {
    const count = load<u32>(LITLEN_COUNTS + length * 4);
    if (count > 0 && length > LITLEN_TABLE_BITS) return 0;

    const share = count << (15 - length);
    if (share > most && length != last >> SYMBOL_BITS) {
      most = share;
      usual = length;
    }
  }

  return usual;
}

/** Reads the codes that a block's header describes. */
export function readCodes(): bool {
  fillBits();
  const litlens = takeBits(5) + 257;
  const distances = takeBits(5) + 1;
  const lengths = takeBits(4) + 4;

  return (
    litlens <= MOST_LITLEN_CODES &&
    distances <= MOST_DISTANCE_CODES &&
    readHeaderCode(lengths) &&
    readLengths(litlens, litlens + distances) &&
    makeTables()
  );
}

/** Reads the code in which the code lengths are written. */
function readHeaderCode(lengths: u32): bool {
  store<u64>(HEADER_LENGTHS, 0);
  store<u64>(HEADER_LENGTHS, 0, 8);
  store<u32>(HEADER_LENGTHS, 0, 16);

  fillBits();
  for (let index: u32 = 0; index < lengths; index++) {
    if (index == 16) fillBits();
    store<u8>(HEADER_LENGTHS + placeInHeader(index), takeBits(3) as u8);
  }

  clearCounts();
  let list = LITLEN_LIST;

  for (let symbol: u32 = 0; symbol < HEADER_CODES; symbol++) {
    const length: u32 = load<u8>(HEADER_LENGTHS + symbol);
    if (length > 0) list = addSymbol(list, LITLEN_COUNTS, symbol, length);
  }

  const codes = (list - LITLEN_LIST) >> 1;
  if (codes < 2) return false;

  return makeTable(
    HEADER_TABLE,
    LITLEN_LIST,
    codes,
    LITLEN_COUNTS,
    HEADER_MEANINGS,
    HEADER_TABLE_BITS,
  );
}

/** The order in which a header lists the lengths of its own codes: 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15. */
// @ts-ignore: decorator
@inline
function placeInHeader(index: u32): u32 {
  if (index < 4) return (index + 16) % 19;

  const step = (index - 4) >> 1;

  return (index & 1) == 0 ? 8 + step : 7 - step;
}

/**
 * Reads the row of code lengths, and lists the symbols that have one.
 * @param litlens where the lengths of distances begin in the row
 * @param all where the row ends
 */
function readLengths(litlens: u32, all: u32): bool {
  const mask: u32 = (1 << tableBits) - 1;
  const lastAt = inputEnd + READ_AHEAD_BYTES;
  let at = inputAt;
  let next = bits;
  let count = bitCount;
  let symbol: u32 = 0;
  let previous: u32 = 0;
  let litlenAt = LITLEN_LIST;
  let distanceAt = DISTANCE_LIST;

  clearCounts();

  while (symbol < all && at <= lastAt) {
    next |= load<u64>(at) << (count as u64);
    at += freeBytes(count);
    count |= 56;

    // A code of a length takes seven bits at most, and as many extra ones.
    for (let turn = 0; turn < 4 && symbol < all; turn++) {
      const entry = load<u32>(((next as u32) & mask) << 2, HEADER_TABLE);
      next >>= entry as u64;
      count -= entry & 0xff;

      const code = entry >> VALUE_SHIFT;
      let repeats: u32 = 1;

      if (code < COPY_PREVIOUS) {
        previous = code;
      } else if (code == COPY_PREVIOUS) {
        if (symbol == 0) return false;

        repeats = 3 + ((next as u32) & 3);
        next >>= 2;
        count -= 2;
      } else {
        const isLong = code == MANY_ZEROS;
        const extra: u32 = isLong ? 7 : 3;
        previous = 0;
        repeats = (isLong ? 11 : 3) + ((next as u32) & ((1 << extra) - 1));
        next >>= extra as u64;
        count -= extra;
      }

      const end = symbol + repeats;
      if (end > all) return false;

      if (previous == 0) {
        symbol = end;
        continue;
      }

      // A row goes on from literals and lengths to distances.
      for (; symbol < end; symbol++) {
        if (symbol < litlens) {
          litlenAt = addSymbol(litlenAt, LITLEN_COUNTS, symbol, previous);
        } else {
          const distance = symbol - litlens;
          distanceAt = addSymbol(
            distanceAt,
            DISTANCE_COUNTS,
            distance,
            previous,
          );
        }
      }
    }
  }

  setInput(at, next, count);
  litlenEnd = litlenAt;
  distanceEnd = distanceAt;

  return symbol == all;
}

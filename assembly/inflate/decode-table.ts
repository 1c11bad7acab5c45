/** Tables that tell the meaning of the next bits at once, made from code lengths (RFC 1951 3.2.2). */
import { SORTED, STARTS } from './layout';
import { EXCEPTION, NOTHING, VALUE_SHIFT } from './meanings';

const LONGEST_CODE: u32 = 15;
/** In a list of symbols: the bits of the symbol, which its code length follows. */
export const SYMBOL_BITS: u32 = 9;
const SYMBOL_MASK: u32 = (1 << SYMBOL_BITS) - 1;
/** The length of a code is added in two places of a meaning. */
const LENGTH_UNIT: u32 = 0x101;

/** The number of bits that a lookup in the table that was made last takes. */
export let tableBits: u32 = 0;

/**
 * Makes the table of a code.
 * @param list the symbols that have a code
 * @param codes their number
 * @param counts how many codes have each length
 * @param mostBits the bits of the first table at most
 * @returns false where the code is over-subscribed or incomplete; one code of one bit, and none at all, are complete
 */
export function makeTable(
  table: u32,
  list: u32,
  codes: u32,
  counts: u32,
  meanings: u32,
  mostBits: u32,
): bool {
  let longest = LONGEST_CODE;
  while (longest > 0 && load<u32>(counts + longest * 4) == 0) longest--;

  const room = findStarts(counts, longest);
  if (codes < 2) return makeTinyTable(table, list, codes, longest, meanings);
  if (room != 0) return false;

  sortByLength(list, codes);
  tableBits = min(longest, mostBits);
  fillTable(table, counts, meanings, longest);

  return true;
}

/** Finds where the symbols of each length begin; returns the codes of the longest length that are left over. */
// @ts-ignore: decorator
@inline
function findStarts(counts: u32, longest: u32): i32 {
  let room: i32 = 1;
  let start: u32 = 0;

  for (let length: u32 = 1; length <= longest; length++) {
    const count = load<u32>(counts + length * 4);
    store<u32>(STARTS + length * 4, start);
    start += count;
    room = room * 2 - (count as i32);
    if (room < 0) return room;
  }

  return room;
}

/** The table of one code of one bit, or of none (RFC 1951 3.2.7). */
function makeTinyTable(
  table: u32,
  list: u32,
  codes: u32,
  longest: u32,
  meanings: u32,
): bool {
  if (longest > 1) return false;

  const symbol: u32 = load<u16>(list) & SYMBOL_MASK;
  const only = load<u32>(meanings + symbol * 4) + LENGTH_UNIT;
  store<u32>(table, codes == 1 ? only : NOTHING);
  store<u32>(table, NOTHING, 4);
  tableBits = 1;

  return true;
}

// @ts-ignore: decorator
@inline
function sortByLength(list: u32, codes: u32): void {
  const end = list + codes * 2;

  for (let at = list; at < end; at += 2) {
    const item: u32 = load<u16>(at);
    const place = STARTS + (item >> SYMBOL_BITS) * 4;
    const index = load<u32>(place);
    store<u32>(place, index + 1);
    store<u16>(SORTED + index * 2, (item & SYMBOL_MASK) as u16);
  }
}

/**
 * Fills the table for codes of one bit, of two, and so on: the table for one bit more is twice what there is, before the
 * codes of that length replace what they are longer than.
 */
// @ts-ignore: decorator
@inline
function fillTable(
  table: u32,
  counts: u32,
  meanings: u32,
  longest: u32,
): void {
  const bits = tableBits;
  let code: u32 = 0;
  let sorted: u32 = SORTED;

  for (let length: u32 = 1; length <= bits; length++) {
    let left = load<u32>(counts + length * 4);

    while (left > 0) {
      const symbol: u32 = load<u16>(sorted);
      const meaning = load<u32>(meanings + symbol * 4);
      store<u32>(table + code * 4, meaning + length * LENGTH_UNIT);
      code = nextCode(code, length);
      sorted += 2;
      left--;
    }

    if (length < bits && sorted != SORTED) double(table, 4 << length);
  }

  if (longest > bits) fillSecond(table, counts, meanings, longest, sorted, code);
}

// @ts-ignore: decorator
@inline
function double(table: u32, bytes: u32): void {
  for (let at = table; at < table + bytes; at += 16) {
    v128.store(at + bytes, v128.load(at));
  }
}

/** The tables for codes that are longer than the first table takes. */
function fillSecond(
  table: u32,
  counts: u32,
  meanings: u32,
  longest: u32,
  sorted: u32,
  firstCode: u32,
): void {
  const bits = tableBits;
  const size: u32 = 1 << bits;
  const moreBits = longest - bits;
  const moreSize: u32 = 1 << moreBits;
  let nextTable = size;
  let second: u32 = 0;
  let prefix = size;
  let code = firstCode;

  for (let length = bits + 1; length <= longest; length++) {
    let left = load<u32>(counts + length * 4);

    while (left > 0) {
      if ((code & (size - 1)) != prefix) {
        prefix = code & (size - 1);
        second = nextTable;
        nextTable += moreSize;
        const place = (second << VALUE_SHIFT) | (moreBits << 8) | bits;
        store<u32>(table + prefix * 4, EXCEPTION | place);
      }

      const symbol: u32 = load<u16>(sorted);
      const ownBits = length - bits;
      const meaning = load<u32>(meanings + symbol * 4) + ownBits * LENGTH_UNIT;

      for (let at = code >> bits; at < moreSize; at += 1 << ownBits) {
        store<u32>(table + (second + at) * 4, meaning);
      }

      code = nextCode(code, length);
      sorted += 2;
      left--;
    }
  }
}

/** One more, counted from the last bit: the carry goes down. A longer code has zeros behind. */
// @ts-ignore: decorator
@inline
function nextCode(code: u32, length: u32): u32 {
  const zeros = code ^ ((1 << length) - 1);
  if (zeros == 0) return 0;

  const top: u32 = 0x80000000 >> clz<u32>(zeros);

  return (code & (top - 1)) | top;
}

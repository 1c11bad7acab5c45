/**
 * What the symbols of deflate mean (RFC 1951 3.2.5). A table holds the meaning of a symbol with the length of its code
 * added twice: to the lowest eight bits, which then tell how many bits code and extra bits have together, and to the four
 * above.
 */
import {
  DISTANCE_MEANINGS,
  HEADER_MEANINGS,
  LITLEN_MEANINGS,
} from './layout';

/** The sign: a literal, whose byte is the value. All others are a base and the number of its extra bits. */
export const LITERAL: u32 = 0x80000000;
/** Neither a literal nor a base: the end of a block, nothing, or the index of a second table (`index << 16 | bits << 8`). */
export const EXCEPTION: u32 = 0x8000;
/** An exception that no table follows: its value is 1 at the end of a block. */
export const LAST: u32 = 0x4000;
/** No code begins with these bits, or its symbol means nothing. */
export const NOTHING: u32 = EXCEPTION | LAST;

export const VALUE_SHIFT: u32 = 16;
const END_OF_BLOCK: u32 = EXCEPTION | LAST | (1 << VALUE_SHIFT);

/** Prepares what every stream needs; called once. */
export function prepareMeanings(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    setMeaning(LITLEN_MEANINGS, byte, LITERAL | (byte << VALUE_SHIFT));
  }

  setMeaning(LITLEN_MEANINGS, 256, END_OF_BLOCK);
  prepareLengths();
  prepareDistances();

  for (let symbol: u32 = 0; symbol < 19; symbol++) {
    setMeaning(HEADER_MEANINGS, symbol, symbol << VALUE_SHIFT);
  }
}

function prepareLengths(): void {
  let length: u32 = 3;

  for (let code: u32 = 0; code < 28; code++) {
    const extra: u32 = code < 8 ? 0 : (code - 4) >> 2;
    setMeaning(LITLEN_MEANINGS, 257 + code, (length << VALUE_SHIFT) | extra);
    length += 1 << extra;
  }

  setMeaning(LITLEN_MEANINGS, 285, 258 << VALUE_SHIFT);
  // The fixed code has two more, which never occur in data (3.2.6).
  setMeaning(LITLEN_MEANINGS, 286, NOTHING);
  setMeaning(LITLEN_MEANINGS, 287, NOTHING);
}

function prepareDistances(): void {
  let distance: u32 = 1;

  for (let code: u32 = 0; code < 30; code++) {
    const extra: u32 = code < 4 ? 0 : (code >> 1) - 1;
    setMeaning(DISTANCE_MEANINGS, code, (distance << VALUE_SHIFT) | extra);
    distance += 1 << extra;
  }

  setMeaning(DISTANCE_MEANINGS, 30, NOTHING);
  setMeaning(DISTANCE_MEANINGS, 31, NOTHING);
}

function setMeaning(meanings: u32, symbol: u32, meaning: u32): void {
  store<u32>(meanings + symbol * 4, meaning);
}

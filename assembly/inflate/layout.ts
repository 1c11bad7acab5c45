/**
 * The places in the memory of the inflater. Nothing is ever allocated: each table has its address, and the memory never
 * grows, so that views of it stay valid.
 */

/** The code lengths of a header's own codes, in the order of their symbols; u8 each. */
export const HEADER_LENGTHS: u32 = 0xa0;

/** How many codes have each length; u32 each. The two follow each other. */
export const LITLEN_COUNTS: u32 = 0x100;
export const DISTANCE_COUNTS: u32 = LITLEN_COUNTS + 16 * 4;
/** Where the symbols of each length begin among the sorted ones; u32 each. */
export const STARTS: u32 = DISTANCE_COUNTS + 16 * 4;

/** What each symbol means, see `meanings.ts`; u32 each. */
export const LITLEN_MEANINGS: u32 = 0x400;
export const DISTANCE_MEANINGS: u32 = 0x900;
export const HEADER_MEANINGS: u32 = 0xa00;

/** The symbols that have a code, ascending: `code length << 9 | symbol`; u16 each. */
export const LITLEN_LIST: u32 = 0xb00;
export const DISTANCE_LIST: u32 = 0xe00;
/** Symbols by code length, then by value; u16 each. */
export const SORTED: u32 = 0xf00;

/**
 * The tables that tell the meaning of the next bits, u32 each: a first table, then second ones. Of these there are at
 * most half as many as symbols, for each holds two codes at least, and each has an entry for every value of the bits
 * that its first table leaves of 15.
 */
export const HEADER_TABLE_BITS: u32 = 7;
export const DISTANCE_TABLE_BITS: u32 = 9;
export const LITLEN_TABLE_BITS: u32 = 11;
export const HEADER_TABLE: u32 = 0x1200;
export const DISTANCE_TABLE: u32 = 0x1800;
export const LITLEN_TABLE: u32 = 0x6000;

/** Where a caller may place data that are to be inflated; behind them there is room to look ahead. */
export const INPUT: u32 = 0x10000;
export const INPUT_BYTES: u32 = 0x220000;
const INPUT_SLACK_BYTES: u32 = 0x10000;

/** The result; a round of the loop that makes it may begin at its end, and writes less than the slack. */
export const OUTPUT: u32 = INPUT + INPUT_BYTES + INPUT_SLACK_BYTES;
export const OUTPUT_BYTES: u32 = 0x100000;
/** The memory ends 64 KiB behind the output: 53 pages of 64 KiB. */
